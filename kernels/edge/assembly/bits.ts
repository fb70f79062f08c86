/** The draw of a bitwise token: every bit by itself, from its log-odds. */
import { exponential } from "./exponential";
import { mixed } from "./scratch";
import { block, first, SAMPLING, second, uniform } from "./philox";
import { State } from "./state";

// Beyond these log-odds no 53-bit r makes a difference: 1 / (1 + e^-64) is 1, 1 / (1 + e^64) is 1.6e-28.
const FURTHEST: f64 = 64;

/** Writes the token at the state's position to `out`: bit b is bit b mod 8, counted from the lowest, of byte b / 8. */
export function drawBits(state: State, out: usize): void {
  const width = state.width;
  const least = 1 - state.topP;
  const cut = state.topP < 1;
  let byte: u32 = 0;
  for (let b: u32 = 0; b < width; b += 2) {
    byte |= drawTwo(state, b, cut, least) << (b & 7);
    if ((b & 7) == 6 || b + 2 >= width) {
      store<u8>(out + (b >> 3), byte);
      byte = 0;
    }
  }
}

/** Bits b and b + 1; the second is 0 where the row ends before it (its place there is masked). */
function drawTwo(state: State, b: u32, cut: bool, least: f64): u32 {
  const z = f64x2.promote_low_f32x4(v128.load64_zero(mixed + (b << 2)));
  if (state.greedy) return i64x2.bitmask(f64x2.gt(z, f64x2.splat(0)));
  const inside = f64x2.pmin(f64x2.pmax(z, f64x2.splat(-FURTHEST)), f64x2.splat(FURTHEST));
  const one = f64x2.splat(1);
  const odds = f64x2.div(one, f64x2.add(one, exponential(f64x2.neg(inside))));
  block(state.seedLow, state.seedHigh, state.position, state.step, SAMPLING, 1 + (b >> 1));
  const r = f64x2.replace_lane(f64x2.splat(uniform(first)), 1, uniform(second));
  let ones = f64x2.lt(r, odds);
  if (cut) {
    const bound = f64x2.splat(least);
    const likely = f64x2.gt(z, f64x2.splat(0));
    ones = v128.or(ones, v128.and(likely, f64x2.le(f64x2.sub(one, odds), bound)));
    ones = v128.andnot(ones, v128.andnot(f64x2.le(odds, bound), likely));
  }
  return i64x2.bitmask(ones) & (b + 1 < state.width ? 3 : 1);
}
