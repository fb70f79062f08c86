/** Precision and recall of a set of feature vectors against real ones (Kynkaanniemi et al., 2019). */

const NEIGHBOURS = 5;

export interface Manifold {
  /** Share of those made that lie among the real ones. */
  readonly precision: number;
  /** Share of the real ones that lie among those made. */
  readonly recall: number;
}

/** @param real vectors [n, width], and `made` [m, width]; more than `NEIGHBOURS` of each */
export function manifold(real: Float32Array, made: Float32Array, width: number): Manifold {
  return { precision: shareWithin(made, real, width), recall: shareWithin(real, made, width) };
}

/** The share of `points` nearer to some of `others` than its k-th nearest neighbour there. */
function shareWithin(points: Float32Array, others: Float32Array, width: number): number {
  const radii = radiiOf(others, width);
  const count = points.length / width;
  let within = 0;
  for (let i = 0; i < count; i++) {
    if (radii.some((radius, j) => distance(points, i, others, j, width) < radius)) within++;
  }
  return within / count;
}

/** Squared distance of each vector to its k-th nearest other one. */
function radiiOf(points: Float32Array, width: number): Float64Array {
  const count = points.length / width;
  return Float64Array.from({ length: count }, (_, i) => {
    const all = Float64Array.from({ length: count }, (_, j) => distance(points, i, points, j, width));
    return all.sort()[NEIGHBOURS]!;
  });
}

function distance(a: Float32Array, i: number, b: Float32Array, j: number, width: number): number {
  let sum = 0;
  for (let k = 0; k < width; k++) sum += (a[i * width + k]! - b[j * width + k]!) ** 2;
  return sum;
}
