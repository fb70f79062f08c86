/** Candidates: every token that could be kept, packed in index order, found without looking closely at the others. */
import { largest, smallest } from "./guide";
import { mixed, value } from "./scratch";

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
  lowest = k && k < width && width >= 4 * SAMPLE ? guess(width, k, floor) : floor;
  pack(width);
  if (lowest > floor && count < k) {
    lowest = floor;
    pack(width);
  }
}

/** A bound that the k-th largest most likely reaches, by bisection on a sample of 64 evenly spaced quadruples. */
function guess(width: u32, k: u32, floor: f32): f32 {
  const share = <f64>k / <f64>width;
  const deviation = sqrt(<f64>SAMPLE * share * (1 - share));
  const wanted = <i32>ceil(<f64>SAMPLE * share + 2 * deviation + 2);
  const stride = <usize>(width / SAMPLE) << 4;
  let low = floor;
  let high = largest;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = low + (high - low) * 0.5;
    const bound = f32x4.splat(middle);
    let above = i32x4.splat(0);
    let at = mixed;
    for (let j: u32 = 0; j < SAMPLE; j += 4) {
      above = i32x4.sub(above, f32x4.ge(v128.load(at), bound));
      at += stride;
    }
    above = i32x4.add(above, v128.shuffle<i32>(above, above, 2, 3, 0, 1));
    if (i32x4.extract_lane(above, 0) + i32x4.extract_lane(above, 1) >= wanted) low = middle;
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

/** Packs every z >= lowest, and masked ones behind the last. */
function pack(width: u32): void {
  const bound = f32x4.splat(lowest);
  let out = value;
  const end = mixed + (<usize>width << 2);
  for (let at = mixed; at < end; at += 16) {
    const z = v128.load(at);
    const lanes = i32x4.bitmask(f32x4.ge(z, bound));
    v128.store(out, v128.swizzle(z, v128.load(PACKING + (<usize>lanes << 4))));
    out += <usize>popcnt(lanes) << 2;
  }
  count = <u32>((out - value) >> 2);
  for (let pad: usize = 0; pad < 32; pad += 16) v128.store(out + pad, f32x4.splat(-Infinity));
}

/** Which token candidate number `rank` is. */
export function tokenOf(rank: u32): u32 {
  const bound = f32x4.splat(lowest);
  let at = mixed;
  let lanes = reached(at, bound);
  for (let n = <u32>popcnt(lanes); n <= rank; n = <u32>popcnt(lanes)) {
    rank -= n;
    at += 64;
    lanes = reached(at, bound);
  }
  for (; rank; rank--) lanes &= lanes - 1;
  return (<u32>(at - mixed) >> 2) + ctz(lanes);
}

/** Which of sixteen z are >= bound. */
// @ts-ignore: decorator
@inline
function reached(at: usize, bound: v128): i32 {
  const first = i16x8.narrow_i32x4_s(f32x4.ge(v128.load(at), bound), f32x4.ge(v128.load(at, 16), bound));
  const last = i16x8.narrow_i32x4_s(f32x4.ge(v128.load(at, 32), bound), f32x4.ge(v128.load(at, 48), bound));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(first, last));
}
