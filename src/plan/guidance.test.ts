import { describe, expect, it } from "vitest";
import { Refusal } from "../refusal.ts";
import { guidanceStrengths, vpgStrengths } from "./guidance.ts";

describe("guidanceStrengths", () => {
  it("ramps from nothing to the full value over the steps, as VAR does", () => {
    expect(guidanceStrengths("ramp", 1.5, 4)).toEqual([0, 0.5, 1, 1.5]);
  });

  it("gives a single step the full value", () => {
    expect(guidanceStrengths("ramp", 1.5, 1)).toEqual([1.5]);
  });

  it.each(["linear", "normalised"] as const)(
    "keeps the scale at every step where guidance is %s",
    (formula) => {
      expect(guidanceStrengths(formula, 3.1, 3)).toEqual(Array(3).fill(Math.fround(3.1)));
    },
  );
});

describe("vpgStrengths", () => {
  it("holds a constant strength, rounded once to float32", () => {
    expect(vpgStrengths(0.1, "constant", 3)).toEqual(Array(3).fill(Math.fround(0.1)));
  });

  it("multiplies in float64 before it rounds", () => {
    expect(vpgStrengths(0.7, [0.3], 1)).toEqual([Math.fround(0.7 * 0.3)]);
  });

  it("takes a list of exactly one factor a step, and names the field otherwise", () => {
    expect(vpgStrengths(2, [0, 1, -0.5], 3)).toEqual([0, 2, -1]);
    const wrong = () => vpgStrengths(2, [1, 1], 3);
    expect(wrong).toThrow(Refusal);
    expect(wrong).toThrow(/vpg\.schedule.*3 factors, not 2/);
  });
});
