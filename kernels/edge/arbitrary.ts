/** Arbitrary settings of a step, the odd values among them, for property tests. */
import fc from "fast-check";
import type { StepSettings } from "./settings.ts";

/** @param cuts values of top_p that are tried beside those between 0 and 1 */
export function settingsOf(
  widths: fc.Arbitrary<number>,
  length: number,
  tokens: StepSettings["tokens"],
  cuts: readonly number[],
): fc.Arbitrary<StepSettings> {
  return fc.record({
    tokens: fc.constant(tokens),
    length: fc.constant(length),
    width: widths,
    branches: fc.constantFrom(1, 2),
    lambda: fc.oneof(
      fc.constantFrom(0, 1.5, -0.5, 3, 1e6, 3e38, 1e-40),
      fc.float({ min: 0, max: 8, noNaN: true }),
    ),
    temperature: fc.constantFrom(0, 1, 1, 0.7, 0.01, 3, 1e-30, 1e30),
    topK: fc.oneof(fc.constantFrom(0, 1, 2, 5, 300, 900, 65536, 70000), fc.nat(3000)),
    topP: fc.oneof(fc.constantFrom(...cuts), fc.double({ min: 0, max: 1, noNaN: true })),
    seed: fc.maxSafeNat(),
    step: fc.nat(30),
  });
}
