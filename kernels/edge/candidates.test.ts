import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { settingsOf as anySettings } from "./arbitrary.ts";
import { closeness } from "./closeness.ts";
import { MalformedRow, type StepSettings } from "./index.ts";
import { narrow } from "./narrowing.ts";
import { mixRow } from "./reference.ts";
import { halves, kernel, makeLogits, plain, run, runCandidates, SHAPES, type Shape } from "./rows.ts";

/** The contract exempts draws as near as this to falling otherwise. */
const TOLERANCE = 2e-6;

const settingsOf = (widths: fc.Arbitrary<number>, length: number) =>
  anySettings(widths, length, "codebook", [0, 1, 0.5, 0.96, 0.9999, 1 - 2 ** -53]);

/** Both ways draw the same tokens, but where the contract exempts a difference. */
function compare(settings: StepSettings, bytes: Uint8Array): void {
  const dense = new DataView(run(settings, bytes).buffer);
  const sparse = new DataView(runCandidates(settings, narrow(settings, bytes)).buffer);
  for (let u = 0; u < settings.length; u++) {
    const [wanted, made] = [dense.getUint16(2 * u, true), sparse.getUint16(2 * u, true)];
    if (made === wanted) continue;
    const z = mixRow(settings, new DataView(bytes.buffer), u);
    if (!(closeness(settings, z, u) < TOLERANCE)) expect([u, made]).toEqual([u, wanted]);
  }
}

describe("tokens drawn from candidates", () => {
  const shape = fc.constantFrom(...(Object.keys(SHAPES) as Shape[]));
  const cases: [string, fc.Arbitrary<StepSettings>, number][] = [
    ["small codebooks", settingsOf(fc.integer({ min: 1, max: 40 }), 4), 1500],
    ["middling codebooks", settingsOf(fc.integer({ min: 41, max: 3000 }), 2), 300],
    ["the usual codebooks", settingsOf(fc.constantFrom(4096, 4095, 8192), 2), 40],
    ["the largest codebooks", settingsOf(fc.constantFrom(65535, 65536), 1), 4],
  ];
  it.each(cases)("of %s are those drawn from all logits", (_, settings, numRuns) => {
    fc.assert(
      fc.property(settings, shape, fc.nat(), (setting, kind, seed) => {
        compare(setting, makeLogits(setting, kind, seed));
      }),
      { numRuns, seed: 20261124 },
    );
  });

  it("are those drawn from all logits for every seed, at every share of top-p", () => {
    const base: StepSettings = { ...plain, width: 64, length: 8, branches: 2, lambda: 1.5, topK: 40 };
    const bytes = makeLogits(base, "ties", 3);
    for (let seed = 0; seed < 300; seed++) compare({ ...base, seed, topP: seed / 300 }, bytes);
  });

  it("do not depend on where the bytes are cut", () => {
    const settings: StepSettings = { ...plain, length: 9, width: 37, branches: 2, lambda: 2, topP: 0.9 };
    const narrowed = narrow(settings, makeLogits(settings, "logits", 5));
    const whole = runCandidates(settings, narrowed);
    for (const size of [1, 3, 7, 64]) {
      const cuts = Array.from({ length: Math.ceil(narrowed.logits.length / size) }, (_, i) => i * size);
      expect(runCandidates(settings, narrowed, cuts)).toEqual(whole);
    }
  });
});

describe("top-p of candidates", () => {
  it("is a share of what top-k kept, not of what has come", () => {
    // e^0, e^-1 and e^-2 of a whole that weighs twice as much: half of the whole ends with the second.
    const one = { counts: Int32Array.of(3), tokens: Uint16Array.of(1, 2, 3), logits: halves(0, -1, -2) };
    const most = (mass: number) => {
      const drawn = Array.from({ length: 200 }, (_, seed) => {
        const settings = { ...plain, width: 8, topP: 0.5, seed };
        return runCandidates(settings, { ...one, masses: Float32Array.of(mass) })[0]!;
      });
      return Math.max(...drawn);
    };
    expect(most(1.2)).toBe(1);
    expect(most(2 * 1.3)).toBe(2);
    expect(most(2 * 1.5)).toBe(3);
  });
});

describe("a sampler of candidates", () => {
  const settings: StepSettings = { ...plain, width: 8, branches: 2, topP: 0.9 };
  const two = {
    counts: Int32Array.of(2),
    masses: Float32Array.of(1.5),
    tokens: Uint16Array.of(3, 6),
  };

  it("says how many bytes it still expects, and refuses more", () => {
    const sampler = kernel.begin(settings, two);
    expect(sampler.remaining).toBe(8);
    sampler.push(new Uint8Array(5));
    expect(sampler.remaining).toBe(3);
    expect(() => sampler.finish()).toThrow("3 bytes of logits are missing");
    expect(() => sampler.push(new Uint8Array(4))).toThrow(RangeError);
    sampler.push(new Uint8Array(3));
    expect(sampler.finish()).toHaveLength(2);
    sampler.dispose();
    sampler.dispose();
    expect(() => sampler.push(new Uint8Array(0))).toThrow("disposed");
  });

  it.each([
    ["not a number", halves(0, Number.NaN, -1, -1), "nan"],
    ["plus infinity", halves(0, 0, Infinity, 0), "infinite"],
    ["masked in one row", halves(0, 0, -Infinity, -1), "half-masked"],
    ["masked in both rows", halves(0, 0, -Infinity, -Infinity), "masked-candidate"],
  ])("refuses a candidate that is %s, and is dead then", (_, logits, malformation) => {
    const sampler = kernel.begin(settings, two);
    expect(() => sampler.push(logits)).toThrow(
      new MalformedRow(malformation as MalformedRow["malformation"], 0),
    );
    expect(() => sampler.finish()).toThrow("malformed");
    sampler.dispose();
  });

  it.each([
    ["a count of 0", { ...two, counts: Int32Array.of(0), tokens: new Uint16Array(0) }],
    ["a count above V", { ...two, counts: Int32Array.of(9), tokens: new Uint16Array(9) }],
    ["fewer tokens than counted", { ...two, tokens: Uint16Array.of(3) }],
    ["another length", { ...two, counts: Int32Array.of(1, 1) }],
    ["a mass below the largest's", { ...two, masses: Float32Array.of(0.5) }],
    ["a mass that is no number", { ...two, masses: Float32Array.of(Number.NaN) }],
  ])("is not begun with %s", (_, candidates) => {
    expect(() => kernel.begin(settings, candidates)).toThrow(RangeError);
  });

  it("is not begun for bits", () => {
    expect(() => kernel.begin({ ...settings, tokens: "bitwise" }, two)).toThrow(RangeError);
  });
});
