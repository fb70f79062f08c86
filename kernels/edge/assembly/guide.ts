/** Mixing: a pair of FP16 rows to z, with VPG's extrapolation and the temperature, one rounding an operation. */
import { anyNonFinite, decodeFour, decodeOne, isFinite, isNaN, MINUS_INFINITY, PLUS_INFINITY } from "./half";
import { mixed } from "./scratch";
import { Reason, State } from "./state";

/** The largest and the smallest z of the row last mixed, masked ones left out. */
export let largest: f32 = 0;
export let smallest: f32 = 0;

const BOUND: f32 = f32.MAX_VALUE;
const MASKED: f32 = -Infinity;
const BOUND_4 = memory.data<u32>([0x7f7fffff, 0x7f7fffff, 0x7f7fffff, 0x7f7fffff], 16);
const MINUS_BOUND_4 = memory.data<u32>([0xff7fffff, 0xff7fffff, 0xff7fffff, 0xff7fffff], 16);

// d = g - c, e = lambda d, l = g + e, z = l / temperature; what leaves float32's range stops at its end (never NaN:
// g and c are finite halves, lambda is finite, temperature is positive).
// @ts-ignore: decorator
@inline
function mixFour(g: v128, c: v128, lambda: v128, temperature: v128, divide: bool): v128 {
  let z = f32x4.add(g, f32x4.mul(lambda, f32x4.sub(g, c)));
  if (divide) z = f32x4.div(z, temperature);
  return f32x4.pmax(f32x4.pmin(z, v128.load(BOUND_4)), v128.load(MINUS_BOUND_4));
}

/** Mixes the token's rows at `row` into `mixed`; says what is wrong with them, or Reason.NONE. */
export function mix(state: State, row: usize): i32 {
  const width = state.width;
  const partner = row + state.partner;
  const divide = !state.greedy && state.temperature != 1;
  const lambda = f32x4.splat(state.lambda);
  const temperature = f32x4.splat(state.temperature);
  let out = mixed;
  let high = f32x4.splat(MASKED);
  let low = f32x4.splat(Infinity);
  largest = MASKED;
  smallest = Infinity;

  let i: u32 = 0;
  for (; i + 8 <= width; i += 8) {
    const g = row + (i << 1);
    const c = partner + (i << 1);
    if (anyNonFinite(g, c)) {
      const reason = mixOneByOne(state, row, partner, i, i + 8, divide);
      if (reason) return reason;
      continue;
    }
    const z0 = mixFour(decodeFour(g), decodeFour(c), lambda, temperature, divide);
    const z1 = mixFour(decodeFour(g + 8), decodeFour(c + 8), lambda, temperature, divide);
    v128.store(out + (i << 2), z0);
    v128.store(out + (i << 2), z1, 16);
    high = f32x4.pmax(high, f32x4.pmax(z0, z1));
    low = f32x4.pmin(low, f32x4.pmin(z0, z1));
  }
  const reason = mixOneByOne(state, row, partner, i, width, divide);
  if (reason) return reason;

  out += <usize>width << 2;
  for (let pad = 0; pad < 64; pad += 16) v128.store(out + pad, f32x4.splat(MASKED));
  fold(high, low);
  return largest == MASKED ? Reason.EMPTY : Reason.NONE;
}

/** The same for places `from` to `to`, with an eye on what is not finite. */
function mixOneByOne(state: State, row: usize, partner: usize, from: u32, to: u32, divide: bool): i32 {
  for (let i = from; i < to; i++) {
    const g = <u32>load<u16>(row + (i << 1));
    const c = <u32>load<u16>(partner + (i << 1));
    let z = MASKED;
    if (isFinite(g) && isFinite(c)) {
      const generated = decodeOne(g);
      z = generated + state.lambda * (generated - decodeOne(c));
      if (divide) z /= state.temperature;
      z = max(min(z, BOUND), -BOUND);
      largest = max(largest, z);
      smallest = min(smallest, z);
    } else if (isNaN(g) || isNaN(c)) {
      return Reason.NAN;
    } else if (g == MINUS_INFINITY && c == MINUS_INFINITY) {
      if (state.bitwise) return Reason.MASKED_BIT;
    } else if (g == PLUS_INFINITY || c == PLUS_INFINITY) {
      return Reason.INFINITE;
    } else {
      return state.bitwise ? Reason.MASKED_BIT : Reason.HALF_MASKED;
    }
    store<f32>(mixed + (i << 2), z);
  }
  return Reason.NONE;
}

function fold(high: v128, low: v128): void {
  high = f32x4.pmax(high, v128.shuffle<f32>(high, high, 2, 3, 0, 1));
  low = f32x4.pmin(low, v128.shuffle<f32>(low, low, 2, 3, 0, 1));
  largest = max(largest, max(f32x4.extract_lane(high, 0), f32x4.extract_lane(high, 1)));
  smallest = min(smallest, min(f32x4.extract_lane(low, 0), f32x4.extract_lane(low, 1)));
}
