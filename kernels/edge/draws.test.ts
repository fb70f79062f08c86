import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { settingsOf as anySettings } from "./arbitrary.ts";
import { closeness, closenessOfBit } from "./closeness.ts";
import type { StepSettings } from "./index.ts";
import { mixRow, sampleStep } from "./reference.ts";
import { makeLogits, plain, run, SHAPES, type Shape } from "./rows.ts";
import { tokenBytes } from "./settings.ts";

/** The contract allows 1e-6; the kernel's weights are good for this. */
const TOLERANCE = 1e-10;

const settingsOf = (widths: fc.Arbitrary<number>, length: number, tokens: StepSettings["tokens"]) =>
  anySettings(widths, length, tokens, [0, 1, 0.5, 0.96]);

function expectTokens(settings: StepSettings, bytes: Uint8Array): void {
  const actual = run(settings, bytes);
  const expected = sampleStep(settings, bytes);
  if (Buffer.compare(actual, expected) === 0) return;
  const size = tokenBytes(settings);
  for (let u = 0; u < settings.length; u++) {
    const z = mixRow(settings, new DataView(bytes.buffer), u);
    if (settings.tokens === "bitwise") {
      for (let b = 0; b < settings.width; b++) {
        const [mine, its] = [actual, expected].map(
          (tokens) => (tokens[u * size + (b >>> 3)]! >>> (b & 7)) & 1,
        );
        if (mine !== its) expect(closenessOfBit(settings, z[b]!, u, b)).toBeLessThan(TOLERANCE);
      }
    } else {
      const [mine, its] = [actual, expected].map((tokens) => tokens[u * 2]! + 256 * tokens[u * 2 + 1]!);
      if (mine !== its && !(closeness(settings, z, u) < TOLERANCE)) expect([u, mine]).toEqual([u, its]);
    }
  }
}

describe("tokens drawn", () => {
  const shape = fc.constantFrom(...(Object.keys(SHAPES) as Shape[]));
  const bitShape = fc.constantFrom<Shape>("logits", "flat", "ties", "close", "tiny", "wide", "spike");
  const cases: [string, fc.Arbitrary<StepSettings>, fc.Arbitrary<Shape>, number][] = [
    ["of small codebooks", settingsOf(fc.integer({ min: 1, max: 40 }), 4, "codebook"), shape, 1500],
    ["of middling codebooks", settingsOf(fc.integer({ min: 41, max: 3000 }), 2, "codebook"), shape, 400],
    [
      "of the usual codebooks",
      settingsOf(fc.constantFrom(4096, 4095, 8192, 16384), 2, "codebook"),
      shape,
      60,
    ],
    ["of the largest codebooks", settingsOf(fc.constantFrom(65535, 65536), 1, "codebook"), shape, 12],
    ["of bits", settingsOf(fc.integer({ min: 1, max: 70 }), 5, "bitwise"), bitShape, 1500],
  ];
  it.each(cases)("%s are the reference's", (_, settings, shapes, numRuns) => {
    fc.assert(
      fc.property(settings, shapes, fc.nat(), (setting, kind, seed) => {
        expectTokens(setting, makeLogits(setting, kind, seed));
      }),
      { numRuns, seed: 20260822 },
    );
  });

  it.each([257, 400, 900])(
    "are the reference's where the kernel's sample of the row misleads it, top_k %d",
    (topK) => {
      const settings = { ...plain, length: 20, width: 4096, topK };
      expectTokens(settings, makeLogits(settings, "lure", topK));
    },
  );

  it("do not depend on where the bytes are cut", () => {
    fc.assert(
      fc.property(
        settingsOf(fc.constantFrom(1, 7, 33, 257, 4096, 9001), 6, "codebook"),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
        fc.constantFrom<StepSettings["tokens"]>("codebook", "bitwise"),
        fc.nat(),
        (setting, shares, tokens, seed) => {
          const settings = { ...setting, tokens };
          const bytes = makeLogits(settings, "logits", seed);
          const cuts = shares.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b);
          expect(run(settings, bytes, cuts)).toEqual(run(settings, bytes));
        },
      ),
      { numRuns: 150, seed: 20260822 },
    );
  });

  it("are the same byte by byte", () => {
    const settings: StepSettings = { ...plain, length: 9, width: 37, branches: 2, lambda: 2 };
    const bytes = makeLogits(settings, "logits", 5);
    expect(run(settings, bytes, Array.from(bytes.keys()))).toEqual(run(settings, bytes));
  });
});
