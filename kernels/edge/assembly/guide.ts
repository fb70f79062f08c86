/**
 * Mixing: a pair of FP16 rows to z, one rounding an operation: d = g - c, e = lambda d, l = g + e, z = l / temperature.
 * What leaves float32's range stops at its end; nothing is NaN (g and c are finite, so is lambda, temperature is positive).
 */
import { anyNonFinite, decodeFour, decodeOne, FIELDS_4, isFinite, isNaN, MINUS_INFINITY, PLUS_INFINITY, REBIAS_4 } from "./half";
import { mixed } from "./scratch";
import { Reason, State } from "./state";

/** The largest and the smallest z of the row last mixed, masked ones left out. */
export let largest: f32 = 0;
export let smallest: f32 = 0;

const BOUND: f32 = f32.MAX_VALUE;
const MASKED: f32 = -Infinity;
const BOUND_4 = memory.data<u32>([0x7f7fffff, 0x7f7fffff, 0x7f7fffff, 0x7f7fffff], 16);
const MINUS_BOUND_4 = memory.data<u32>([0xff7fffff, 0xff7fffff, 0xff7fffff, 0xff7fffff], 16);

/** Mixes the token's rows at `row` into `mixed`; says what is wrong with them, or Reason.NONE. */
export function mix(state: State, row: usize): i32 {
  const width = state.width;
  const partner = row + state.partner;
  const divide = !state.greedy && state.temperature != 1;
  const lambda = f32x4.splat(state.lambda);
  const temperature = f32x4.splat(state.temperature);
  const fields = v128.load(FIELDS_4);
  const rebias = v128.load(REBIAS_4);
  const bound = v128.load(BOUND_4);
  const minusBound = v128.load(MINUS_BOUND_4);
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
    const g0 = decodeFour(g, fields, rebias);
    const g1 = decodeFour(g + 8, fields, rebias);
    let z0 = f32x4.add(g0, f32x4.mul(lambda, f32x4.sub(g0, decodeFour(c, fields, rebias))));
    let z1 = f32x4.add(g1, f32x4.mul(lambda, f32x4.sub(g1, decodeFour(c + 8, fields, rebias))));
    if (divide) {
      z0 = f32x4.div(z0, temperature);
      z1 = f32x4.div(z1, temperature);
    }
    z0 = f32x4.pmax(f32x4.pmin(z0, bound), minusBound);
    z1 = f32x4.pmax(f32x4.pmin(z1, bound), minusBound);
    v128.store(mixed + (i << 2), z0);
    v128.store(mixed + (i << 2), z1, 16);
    high = f32x4.pmax(high, f32x4.pmax(z0, z1));
    low = f32x4.pmin(low, f32x4.pmin(z0, z1));
  }
  const reason = mixOneByOne(state, row, partner, i, width, divide);
  if (reason) return reason;

  const out = mixed + (<usize>width << 2);
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
      if (state.mass > 0) return Reason.MASKED_CANDIDATE;
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
