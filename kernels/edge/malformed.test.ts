import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MalformedRow, type StepSettings } from "./index.ts";
import { sampleStep } from "./reference.ts";
import { halves, kernel, plain, run } from "./rows.ts";
import { pairBytes } from "./settings.ts";

describe("malformed rows", () => {
  const bits = { ...plain, tokens: "bitwise" } as const;
  const pair = { ...plain, branches: 2 } as const;
  const cases: [string, StepSettings, number[], string][] = [
    ["NaN", plain, [0, Number.NaN, 0, 0], "nan"],
    ["plus infinity", plain, [0, 0, 0, Infinity], "infinite"],
    ["NaN in the corrupted row", pair, [0, 0, 0, 0, 0, 0, Number.NaN, 0], "nan"],
    ["plus infinity beside minus infinity", pair, [-Infinity, 0, 0, 0, Infinity, 0, 0, 0], "infinite"],
    ["a mask in the generated row only", pair, [-Infinity, 0, 0, 0, 0, 0, 0, 0], "half-masked"],
    ["a mask in the corrupted row only", pair, [0, 0, 0, 0, -Infinity, 0, 0, 0], "half-masked"],
    ["nothing but masks", pair, Array(8).fill(-Infinity), "empty"],
    ["a masked bit", bits, [0, -Infinity, 0, 0], "masked-bit"],
  ];
  it.each(cases)("%s", (_, settings, values, malformation) => {
    const sampler = kernel.begin({ ...settings, length: 2 });
    const good = Array(values.length).fill(-1);
    let caught: unknown;
    try {
      sampler.push(halves(...good, ...values));
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(MalformedRow);
    expect(caught).toMatchObject({ malformation, row: 1 });
    expect(() => sampler.push(new Uint8Array(0))).toThrow("malformed row");
    expect(() => sampler.finish()).toThrow("malformed row");
    expect(() => sampleStep({ ...settings, length: 2 }, halves(...good, ...values))).toThrow(caught as Error);
    sampler.dispose();
  });

  it("are found wherever they stand, as the reference finds them", () => {
    const bad = fc.constantFrom(0x7e00, 0xfe01, 0x7c00, 0xfc00);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(1, 2),
        fc.nat(),
        fc.nat(),
        bad,
        (width, branches, a, b, half) => {
          const settings: StepSettings = { ...plain, length: 1, width, branches: branches as 1 | 2 };
          const bytes = new Uint8Array(pairBytes(settings));
          const view = new DataView(bytes.buffer);
          for (const place of [a, b]) view.setUint16(2 * (place % (width * branches)), half, true);
          const outcome = (draw: () => Uint8Array) => {
            try {
              return [...draw()];
            } catch (error) {
              return error;
            }
          };
          expect(outcome(() => run(settings, bytes))).toEqual(outcome(() => sampleStep(settings, bytes)));
        },
      ),
      { numRuns: 500, seed: 20260822 },
    );
  });
});
