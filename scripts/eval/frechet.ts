/** Fréchet distance between the normal distributions with the means and covariances of two sets of vectors. */

export interface Statistics {
  /** Values of a vector. */
  readonly width: number;
  readonly mean: Float64Array;
  /** [width, width], divided by n - 1. */
  readonly covariance: Float64Array;
}

/**
 * @param values vectors [n, width], one after the other
 * @throws RangeError for fewer than two
 */
export function statisticsOf(values: Float32Array, width: number): Statistics {
  const count = values.length / width;
  if (count < 2) throw new RangeError(`a covariance needs two vectors at least, not ${count}`);
  const mean = new Float64Array(width);
  for (let i = 0; i < values.length; i++) mean[i % width]! += values[i]! / count;
  const covariance = new Float64Array(width * width);
  const centred = new Float64Array(width);
  for (let at = 0; at < values.length; at += width) {
    for (let i = 0; i < width; i++) centred[i] = values[at + i]! - mean[i]!;
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) covariance[i * width + j]! += centred[i]! * centred[j]!;
    }
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      const value = covariance[i * width + j]! / (count - 1);
      covariance[i * width + j] = value;
      covariance[j * width + i] = value;
    }
  }
  return { width, mean, covariance };
}

/** The distance (Heusel et al., 2017), in float64; 0 between equal ones. */
export function frechet(first: Statistics, second: Statistics): number {
  const { width } = first;
  const root = squareRoot(first.covariance, width);
  const product = multiply(multiply(root, second.covariance, width), root, width);
  let distance = 0;
  for (let i = 0; i < width; i++) {
    distance += (first.mean[i]! - second.mean[i]!) ** 2;
    distance += first.covariance[i * width + i]! + second.covariance[i * width + i]!;
  }
  for (const value of eigen(product, width).values) distance -= 2 * Math.sqrt(Math.max(0, value));
  return Math.max(0, distance);
}

function squareRoot(matrix: Float64Array, width: number): Float64Array {
  const { values, vectors } = eigen(matrix, width);
  const scaled = vectors.map((value, at) => value * Math.max(0, values[Math.floor(at / width)]!) ** 0.25);
  const root = new Float64Array(width * width);
  for (let k = 0; k < width; k++) {
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) root[i * width + j]! += scaled[k * width + i]! * scaled[k * width + j]!;
    }
  }
  return root;
}

function multiply(first: Float64Array, second: Float64Array, width: number): Float64Array {
  const product = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    for (let k = 0; k < width; k++) {
      const factor = first[i * width + k]!;
      for (let j = 0; j < width; j++) product[i * width + j]! += factor * second[k * width + j]!;
    }
  }
  return product;
}

const SWEEPS = 60;

/** Of a symmetric matrix, by Jacobi's rotations; vector k is row k. */
function eigen(matrix: Float64Array, width: number): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(width * width);
  for (let i = 0; i < width; i++) vectors[i * width + i] = 1;
  const size = Math.hypot(...a);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < width; p++)
      for (let q = 0; q < p; q++) off = Math.max(off, Math.abs(a[p * width + q]!));
    if (off <= size * 1e-14) break;
    for (let p = 0; p < width; p++) {
      for (let q = p + 1; q < width; q++) rotate(a, vectors, width, p, q);
    }
  }
  return { values: Float64Array.from({ length: width }, (_, i) => a[i * width + i]!), vectors };
}

/** Makes a[p, q] zero. */
function rotate(a: Float64Array, vectors: Float64Array, width: number, p: number, q: number): void {
  const apq = a[p * width + q]!;
  if (apq === 0) return;
  const theta = (a[q * width + q]! - a[p * width + p]!) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < width; k++) {
    const kp = a[k * width + p]!;
    const kq = a[k * width + q]!;
    a[k * width + p] = c * kp - s * kq;
    a[k * width + q] = s * kp + c * kq;
  }
  for (let k = 0; k < width; k++) {
    const pk = a[p * width + k]!;
    const qk = a[q * width + k]!;
    a[p * width + k] = c * pk - s * qk;
    a[q * width + k] = s * pk + c * qk;
    const vp = vectors[p * width + k]!;
    const vq = vectors[q * width + k]!;
    vectors[p * width + k] = c * vp - s * vq;
    vectors[q * width + k] = s * vp + c * vq;
  }
}
