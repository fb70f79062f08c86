import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frechet, type Statistics, statisticsOf } from "./frechet.ts";

/** Independent values of these means and standard deviations. */
function independent(means: readonly number[], deviations: readonly number[]): Statistics {
  const width = means.length;
  const covariance = new Float64Array(width * width);
  deviations.forEach((deviation, i) => {
    covariance[i * width + i] = deviation ** 2;
  });
  return { width, mean: Float64Array.from(means), covariance };
}

/** Turns the first two axes by an angle. */
function turned({ width, mean, covariance }: Statistics, angle: number): Statistics {
  const turn = Float64Array.from({ length: width * width }, (_, at) => {
    const [i, j] = [Math.floor(at / width), at % width];
    if (i > 1 || j > 1) return i === j ? 1 : 0;
    if (i === j) return Math.cos(angle);
    return i < j ? -Math.sin(angle) : Math.sin(angle);
  });
  const sum = (of: (k: number) => number) =>
    Array.from({ length: width }, (_, k) => of(k)).reduce((a, b) => a + b, 0);
  const at = (matrix: Float64Array, i: number, j: number) => matrix[i * width + j]!;
  const once = Float64Array.from({ length: width * width }, (_, n) =>
    sum((k) => at(turn, Math.floor(n / width), k) * at(covariance, k, n % width)),
  );
  const twice = Float64Array.from({ length: width * width }, (_, n) =>
    sum((k) => at(once, Math.floor(n / width), k) * at(turn, n % width, k)),
  );
  return {
    width,
    mean: Float64Array.from(mean, (_, i) => sum((k) => at(turn, i, k) * mean[k]!)),
    covariance: twice,
  };
}

const values = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 3, maxLength: 3 });
const deviations = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 3, maxLength: 3 });

describe("the Fréchet distance", () => {
  it("is the squared distance of means and of deviations where values are independent, however both are turned", () => {
    fc.assert(
      fc.property(
        values,
        values,
        deviations,
        deviations,
        fc.double({ min: 0, max: 6, noNaN: true }),
        (a, b, s, t, angle) => {
          const expected = a.reduce((sum, _, i) => sum + (a[i]! - b[i]!) ** 2 + (s[i]! - t[i]!) ** 2, 0);
          const [first, second] = [independent(a, s), independent(b, t)];
          expect(frechet(first, second)).toBeCloseTo(expected, 5);
          expect(frechet(turned(first, angle), turned(second, angle))).toBeCloseTo(expected, 5);
          expect(frechet(second, first)).toBeCloseTo(expected, 5);
        },
      ),
    );
  });

  it("takes means and covariances from vectors, divided by n - 1", () => {
    const { mean, covariance } = statisticsOf(Float32Array.of(0, 1, 2, 5, 4, 0), 2);
    expect([...mean]).toEqual([2, 2]);
    expect([...covariance]).toEqual([4, -1, -1, 7]);
    expect(() => statisticsOf(Float32Array.of(1, 2), 2)).toThrow("two vectors");
  });
});
