/** The draw of a codebook token from a mixed row. */
import { collect, count, tokenOf } from "./candidates";
import { exponential } from "./exponential";
import { largest } from "./guide";
import { block, first, SAMPLING, uniform } from "./philox";
import { mixed, value, weight } from "./scratch";
import { State } from "./state";
import { ALL, edge, kept, ties, truncate } from "./truncate";

/** The token at the state's position. */
export function drawToken(state: State): u32 {
  if (state.greedy) return likeliest(state.width);
  collect(state.width, state.topK);
  truncate(state.topK, state.topP, weigh(), state.mass);
  if (ties != ALL) dropTies();
  block(state.seedLow, state.seedHigh, state.position, state.step, SAMPLING, 0);
  return tokenOf(pick(uniform(first) * kept));
}

/** The first of the largest. */
function likeliest(width: u32): u32 {
  const top = f32x4.splat(largest);
  for (let i: u32 = 0; i < width; i += 4) {
    const lanes = i32x4.bitmask(f32x4.eq(v128.load(mixed + (i << 2)), top));
    if (lanes) return i + ctz(lanes);
  }
  return 0;
}

// What fills up the last four candidates is masked: e^-700 keeps it in the exponential's range and weighs nothing.
const NOTHING_2 = memory.data<f64>([-700, -700], 16);

/** Weights of all candidates, e^(z - largest), and their sum. */
function weigh(): f64 {
  const top = f64x2.splat(<f64>largest);
  let sum = f64x2.splat(0);
  for (let i: u32 = 0; i < count; i += 4) {
    const z = v128.load(value + (i << 2));
    const out = weight + (<usize>i << 3);
    const w0 = exponential(below(z, top));
    const w1 = exponential(below(v128.shuffle<u32>(z, z, 2, 3, 0, 1), top));
    v128.store(out, w0);
    v128.store(out, w1, 16);
    sum = f64x2.add(sum, f64x2.add(w0, w1));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** z - largest of the first two of four, in float64. */
// @ts-ignore: decorator
@inline
function below(z: v128, top: v128): v128 {
  return f64x2.pmax(f64x2.sub(f64x2.promote_low_f32x4(z), top), v128.load(NOTHING_2));
}

/** Takes the weight of those equal to the edge that come too late to be kept. */
function dropTies(): void {
  let left = ties;
  for (let i: u32 = 0; i < count; i++) {
    if (load<f32>(value + (i << 2)) != edge) continue;
    if (left) left--;
    else store<f64>(weight + (<usize>i << 3), 0);
  }
}

/** The first kept candidate, in index order, with which the running weight exceeds the mark, or the last of any weight. */
function pick(mark: f64): u32 {
  let running = 0.0;
  let i: u32 = 0;
  for (; i < count; i += 8) {
    const next = running + keptOfEight(i);
    if (next > mark) break;
    running = next;
  }
  const end = min(count, i + 8);
  for (let j = i; j < end; j++) {
    if (!isKept(j)) continue;
    running += load<f64>(weight + (<usize>j << 3));
    if (running > mark) return j;
  }
  let last = end - 1;
  while (!isKept(last)) last--;
  return last;
}

// @ts-ignore: decorator
@inline
function isKept(i: u32): bool {
  return load<f32>(value + (i << 2)) >= edge && load<f64>(weight + (<usize>i << 3)) > 0;
}

/** The kept mass of candidates i to i + 7. */
// @ts-ignore: decorator
@inline
function keptOfEight(i: u32): f64 {
  const z = value + (i << 2);
  const w = weight + (<usize>i << 3);
  const low = f32x4.ge(v128.load(z), f32x4.splat(edge));
  const high = f32x4.ge(v128.load(z, 16), f32x4.splat(edge));
  const sum = f64x2.add(
    f64x2.add(
      v128.and(v128.load(w), i64x2.extend_low_i32x4_s(low)),
      v128.and(v128.load(w, 16), i64x2.extend_high_i32x4_s(low)),
    ),
    f64x2.add(
      v128.and(v128.load(w, 32), i64x2.extend_low_i32x4_s(high)),
      v128.and(v128.load(w, 48), i64x2.extend_high_i32x4_s(high)),
    ),
  );
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
