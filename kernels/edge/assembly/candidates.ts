/** Candidates: every token that could be kept, packed in index order, found without looking closely at the others. */
import { largest, smallest } from "./guide";
import { index, mixed, value } from "./scratch";

/**
 * A token this far below the largest weighs e^-64 of it at most, and 65536 of them 1e-23: less than a 53-bit r can see.
 * Such tokens are left out, which also bounds what the exponential is asked for.
 */
const DEEPEST: f32 = 64;

const SAMPLE: u32 = 256;
const BISECTIONS: i32 = 10;

/** How many candidates there are, and what none of them lies below. */
export let count: u32 = 0;
export let lowest: f32 = 0;

/** Packs the candidates for the k largest of `width` (k = 0: of all); they may be more than k, never fewer if there are k. */
export function collect(width: u32, k: u32): void {
  const floor = max(largest - DEEPEST, smallest);
  lowest = k && width >= 4 * SAMPLE ? guess(width, k, floor) : floor;
  pack(width);
  if (lowest > floor && count < k) {
    lowest = floor;
    pack(width);
  }
}

/** A bound that the k-th largest most likely reaches, by bisection on a sample of 64 evenly spaced quadruples. */
function guess(width: u32, k: u32, floor: f32): f32 {
  const expected = <f64>SAMPLE * <f64>k / <f64>width;
  const wanted = <i32>ceil(expected + 3 * sqrt(expected) + 4);
  const stride = <usize>(width / SAMPLE) << 4;
  let low = floor;
  let high = largest;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = low + (high - low) * 0.5;
    const bound = f32x4.splat(middle);
    let reached = i32x4.splat(0);
    let at = mixed;
    for (let j: u32 = 0; j < SAMPLE; j += 4) {
      reached = i32x4.sub(reached, f32x4.ge(v128.load(at), bound));
      at += stride;
    }
    reached = i32x4.add(reached, v128.shuffle<i32>(reached, reached, 2, 3, 0, 1));
    if (i32x4.extract_lane(reached, 0) + i32x4.extract_lane(reached, 1) >= wanted) low = middle;
    else high = middle;
  }
  return low;
}

// For each of the 16 sets of lanes, the bytes that bring those lanes to the front: u8[16][16].
const PACKING = memory.data(256, 16);
for (let lanes: usize = 0; lanes < 16; lanes++) {
  let out = PACKING + (lanes << 4);
  for (let lane: usize = 0; lane < 4; lane++) {
    if (((lanes >> lane) & 1) == 0) continue;
    store<u32>(out, 0x03020100 + 0x04040404 * <u32>lane);
    out += 4;
  }
}

/** Packs index and value of every token of z >= lowest. */
function pack(width: u32): void {
  const bound = f32x4.splat(lowest);
  let places = i32x4(0, 1, 2, 3);
  let at: usize = 0;
  for (let i: u32 = 0; i < width; i += 4) {
    const z = v128.load(mixed + (i << 2));
    const lanes = i32x4.bitmask(f32x4.ge(z, bound));
    const order = v128.load(PACKING + (<usize>lanes << 4));
    v128.store(value + at, v128.swizzle(z, order));
    v128.store(index + at, v128.swizzle(places, order));
    places = i32x4.add(places, i32x4.splat(4));
    at += <usize>popcnt(lanes) << 2;
  }
  count = <u32>(at >> 2);
  for (let pad: usize = 0; pad < 32; pad += 16) v128.store(value + at + pad, f32x4.splat(-Infinity));
}
