import fc from "fast-check";
import { expect, it } from "vitest";
import { previewSteps } from "./preview.ts";

it("spreads previews over the steps, none twice, all within them", () => {
  const counts = fc
    .integer({ min: 1, max: 64 })
    .chain((K) => fc.tuple(fc.integer({ min: 0, max: K }), fc.constant(K)));
  fc.assert(
    fc.property(counts, ([count, K]) => {
      const steps = previewSteps(count, K);
      expect(steps).toHaveLength(count);
      expect(new Set(steps).size).toBe(count);
      expect(steps.every((step, i) => step >= 0 && step < K && (i === 0 || step > steps[i - 1]!))).toBe(true);
    }),
  );
});

it("makes one after each step when as many are asked for", () => {
  expect(previewSteps(5, 5)).toEqual([0, 1, 2, 3, 4]);
});
