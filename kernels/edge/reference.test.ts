import { describe, expect, it } from "vitest";
import { corruptionIndex } from "./corruption.ts";
import { exponential } from "./exponential.ts";
import { philox } from "./philox.ts";
import { decodeHalf } from "./reference.ts";

describe("the reference", () => {
  it("decodes every half as JavaScript does", () => {
    const halves = new Float16Array(Uint16Array.from({ length: 65536 }, (_, half) => half).buffer);
    for (let half = 0; half < 65536; half++) {
      if (!Object.is(decodeHalf(half), halves[half]))
        expect([half, decodeHalf(half)]).toEqual([half, halves[half]]);
    }
  });
});

describe("the exponential", () => {
  it("is within 2e-12 of e^x, relatively", () => {
    let worst = 0;
    for (let x = -64; x <= 64; x += 0.00137) {
      worst = Math.max(worst, Math.abs(exponential(x) / Math.exp(x) - 1));
    }
    expect(worst).toBeLessThan(2e-12);
  });
  it("is 1 at 0, and never falls where x rises by what a half can show", () => {
    expect(exponential(0)).toBe(1);
    for (let x = -16; x < 0; x += 2 ** -11) expect(exponential(x)).toBeLessThan(exponential(x + 2 ** -11));
  });
});

describe("corruption", () => {
  it("replaces about the share asked for, never a position by itself", () => {
    const index = corruptionIndex(7, 5, 20000, 0.1);
    const replaced = [...index.entries()].filter(([u, source]) => u !== source);
    expect(replaced.length / 20000).toBeCloseTo(0.1, 2);
    const all = corruptionIndex(7, 5, 500, 1);
    expect([...all.entries()].filter(([u, source]) => u === source)).toEqual([]);
  });
  it("leaves a step of one token as it is", () => {
    expect([...corruptionIndex(7, 0, 1, 1)]).toEqual([0]);
  });
});

describe("philox", () => {
  it("refuses what is no seed", () => {
    for (const seed of [-1, 0.5, 2 ** 53, Number.NaN])
      expect(() => philox(seed, [0, 0, 0, 0])).toThrow(RangeError);
  });
});
