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
  for (let i: u32 = 0; i < n; i += 16) {
    const from = values + (i << 2);
    const first = i16x8.narrow_i32x4_u(depth(from, top, scale), depth(from + 16, top, scale));
    const last = i16x8.narrow_i32x4_u(depth(from + 32, top, scale), depth(from + 48, top, scale));
    v128.store(places + i, i8x16.narrow_i16x8_u(first, last));
  }
  fill(weights, places, n, into);
}

// Adding 2^23 rounds to a whole number and leaves it in the low bits: monotone, which is all that is asked of it.
const ROUNDER_4 = memory.data<u32>([0x4b000000, 0x4b000000, 0x4b000000, 0x4b000000], 16);
const WHOLE_4 = memory.data<u32>([0x1ff, 0x1ff, 0x1ff, 0x1ff], 16);

/** Bins of four values, the last one's far edge still one too high (narrowing puts that right). */
// @ts-ignore: decorator
@inline
function depth(address: usize, top: v128, scale: v128): v128 {
  const scaled = f32x4.mul(f32x4.sub(top, v128.load(address)), scale);
  return v128.and(f32x4.add(scaled, v128.load(ROUNDER_4)), v128.load(WHOLE_4));
}

/** The same by the distance of their bit patterns, however close they lie: 256 times finer each time it is used. */
export function spreadByBits(values: usize, weights: usize, places: usize, n: u32, low: f32, high: f32, into: usize): void {
  const top = sortable(high);
  const shift = max(0, 24 - clz(top - sortable(low)));
  for (let i: u32 = 0; i < n; i++) {
    store<u8>(places + i, (top - sortable(load<f32>(values + (i << 2)))) >>> shift);
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
  memory.fill(into, 0, <usize>BINS * BIN_BYTES);
  const one = f64x2(0, 1);
  for (let i: u32 = 0; i < n; i++) {
    const record = into + <usize>load<u8>(places + i) * BIN_BYTES;
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
  const end = bins + <usize>BINS * BIN_BYTES;
  let at = bins;
  // Four bins a stride, to begin with: additions that wait for one another are what takes the time.
  for (; at < end; at += 4 * BIN_BYTES) {
    const sum = f64x2.add(passed, f64x2.add(pair(at), pair(at + 2 * BIN_BYTES)));
    if (part(measure, sum) >= target) break;
    passed = sum;
  }
  for (; at < end; at += BIN_BYTES) {
    const sum = f64x2.add(passed, v128.load(at));
    if (part(measure, sum) >= target) return <u32>((at - bins) / BIN_BYTES);
    passed = sum;
  }
  do at -= BIN_BYTES;
  while (load<f64>(at, COUNT) == 0);
  passed = f64x2.sub(passed, v128.load(at));
  return <u32>((at - bins) / BIN_BYTES);
}

// @ts-ignore: decorator
@inline
function pair(address: usize): v128 {
  return f64x2.add(v128.load(address), v128.load(address, BIN_BYTES));
}

/** One of the two sums of a record. */
// @ts-ignore: decorator
@inline
export function part(measure: usize, record: v128): f64 {
  return measure == COUNT ? f64x2.extract_lane(record, 1) : f64x2.extract_lane(record, 0);
}
