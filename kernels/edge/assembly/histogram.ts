/** Histograms of logits with their weights: how many values, and how much mass, lie in each bin, the largest first. */
import { BIN_BYTES, BINS } from "./scratch";

/** Which sum of a (mass, count) record is asked for: its offset. */
export const MASS: usize = 0;
export const COUNT: usize = 8;

const SMALLEST_RANGE: f32 = 1e-30;

/** Bins n values of [low, high] by their distance to `high`. Equal values share a bin; a larger value never has a later one. */
export function spreadByDepth(values: usize, weights: usize, places: usize, n: u32, low: f32, high: f32, into: usize): void {
  const top = f32x4.splat(high);
  const scale = f32x4.splat(<f32>BINS / max(high - low, SMALLEST_RANGE));
  // Adding 2^23 rounds to a whole number and leaves it in the low bits: monotone, which is all that is asked of it.
  const rounder = f32x4.splat(8388608);
  for (let i: u32 = 0; i < n; i += 4) {
    const depth = f32x4.mul(f32x4.sub(top, v128.load(values + (i << 2))), scale);
    v128.store(places + (i << 2), v128.and(f32x4.add(depth, rounder), i32x4.splat(0x1ff)));
  }
  fill(weights, places, n, into);
}

/** The same by the distance of their bit patterns, however close they lie: 256 times finer each time it is used. */
export function spreadByBits(values: usize, weights: usize, places: usize, n: u32, low: f32, high: f32, into: usize): void {
  const top = sortable(high);
  const shift = max(0, 24 - clz(top - sortable(low)));
  for (let i: u32 = 0; i < n; i++) {
    store<u32>(places + (i << 2), (top - sortable(load<f32>(values + (i << 2)))) >>> shift);
  }
  fill(weights, places, n, into);
}

/** Floats as integers of the same order; both zeros alike. */
// @ts-ignore: decorator
@inline
function sortable(x: f32): i32 {
  const bits = reinterpret<i32>(x + 0);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

function fill(weights: usize, places: usize, n: u32, into: usize): void {
  memory.fill(into, 0, <usize>(BINS + 1) * BIN_BYTES);
  const one = f64x2(0, 1);
  for (let i: u32 = 0; i < n; i++) {
    const record = into + <usize>load<u32>(places + (i << 2)) * BIN_BYTES;
    const entry = v128.load_lane<u64>(weights + (<usize>i << 3), one, 0);
    v128.store(record, f64x2.add(v128.load(record), entry));
  }
}

/** (mass, count) of what `walk` has passed: all bins before the one at which it stopped. */
export let passed: v128 = f64x2.splat(0);

/** Begins a search anew. */
export function restart(): void {
  passed = f64x2.splat(0);
}

/**
 * Goes on from what is passed, bin by bin, until the sum asked for would reach the target, and says at which bin: the last
 * that holds anything if the target is out of reach, which only rounding of masses can bring about.
 */
export function walk(measure: usize, target: f64, bins: usize): u32 {
  let sum = passed;
  for (let b: u32 = 0; b <= BINS; b++) {
    const before = sum;
    sum = f64x2.add(sum, v128.load(bins + <usize>b * BIN_BYTES));
    const reached = measure == COUNT ? f64x2.extract_lane(sum, 1) : f64x2.extract_lane(sum, 0);
    if (reached < target) continue;
    passed = before;
    return b;
  }
  let last = BINS;
  while (load<f64>(bins + <usize>last * BIN_BYTES, COUNT) == 0) last--;
  passed = f64x2.sub(sum, v128.load(bins + <usize>last * BIN_BYTES));
  return last;
}
