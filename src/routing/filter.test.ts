import { describe, expect, it } from "vitest";
import type { Offer } from "../../adapters/providers/load.ts";
import { Clock } from "../../test/routing/clock.ts";
import { Machine } from "../../test/routing/machine.ts";
import { offerOf } from "../../test/routing/offers.ts";
import { decodeClass, type Need, whyNot } from "./filter.ts";

const machine = new Machine({
  ...{ name: "lab", numerics: "l4", region: "eu-central-1", clock: new Clock() },
  ...{ random: () => 0, speed: 1, parallel: 1 },
});
const offer = (changes: Partial<Offer> = {}) => offerOf(machine, changes);
const need = (changes: Partial<Need> = {}): Need => ({
  ...{ what: "step", model: "tiny", revision: null, schedule: "tiny", region: null },
  numerics: { kind: "any" },
  ...changes,
});

describe("an offer serves a need", () => {
  it("unless model, revision, schedule or kind of call are others", () => {
    expect(whyNot(offer(), need())).toBeNull();
    expect(whyNot(offer(), need({ model: "huge" }))).toBe("model");
    expect(whyNot(offer(), need({ revision: "0" }))).toBe("revision");
    expect(whyNot(offer(), need({ schedule: "1M" }))).toBe("schedule");
    expect(whyNot(offer({ serves: ["step"] }), need({ what: "decode" }))).toBe("serves");
  });

  it.each([
    ["eu-central-1", null],
    ["eu-central", null],
    ["eu", null],
    ["e", "region"],
    ["eu-central-10", "region"],
    ["us", "region"],
  ])("under the region rule %s: %s", (region, expected) => {
    expect(whyNot(offer(), need({ region }))).toBe(expected);
  });

  it("where its operator says that it lies in the area", () => {
    const gcp = { region: "europe-west4", area: "eu" };
    expect(whyNot(offer(gcp), need({ region: "eu" }))).toBeNull();
    expect(whyNot(offer({ region: null }), need({ region: "eu" }))).toBe("region");
  });

  it("in its own numerics class, or in any that is exact", () => {
    const loose = { numerics: { class: "l4", exact: false } };
    expect(whyNot(offer(), need({ numerics: { kind: "exact" } }))).toBeNull();
    expect(whyNot(offer(loose), need({ numerics: { kind: "exact" } }))).toBe("numerics");
    expect(whyNot(offer(loose), need({ numerics: { kind: "class", name: "l4" } }))).toBeNull();
    expect(whyNot(offer(), need({ numerics: { kind: "class", name: "h100" } }))).toBe("numerics");
  });
});

describe("the class that a strict generation decodes in", () => {
  const of = (name: string, exact: boolean) => offer({ numerics: { class: name, exact } });

  it("is its own where that decodes, else the first exact one by name", () => {
    const all = [of("c", true), of("b", true), of("a", false)];
    expect(decodeClass(all, "c")).toBe("c");
    expect(decodeClass(all, "z")).toBe("b");
    expect(decodeClass(all, null)).toBe("b");
    expect(decodeClass([of("d", false), of("a", false)], null)).toBe("a");
    expect(decodeClass([], null)).toBeNull();
  });
});
