/** Exact top-k and top-p: the edge below which candidates are dropped, found by histograms refined where it falls. */
import { count, lowest } from "./candidates";
import { largest } from "./guide";
import { COUNT, MASS, part, passed, restart, spreadByBits, spreadByDepth, walk } from "./histogram";
import { bin, bins, listBin, listBins, listValue, listWeight, value, weight } from "./scratch";

/** Kept is what lies above `edge`, and of what equals it the first `ties` in index order (all of it: ALL); `kept` is its mass. */
export let edge: f32 = 0;
export let ties: u32 = 0;
export let kept: f64 = 0;
export const ALL: u32 = u32.MAX_VALUE;

const FEW: u32 = 16;

// The group of equal values at which `find` stopped, and (mass, count) of what is above it and of itself.
let group: f32 = 0;
let above: v128 = f64x2.splat(0);
let within: v128 = f64x2.splat(0);

/**
 * Cuts the candidates, whose weights add up to `mass`, to the top k (0: off), and those to the top p (1: off) of what top-k
 * kept: of `whole` where that is known to be more than is here (else 0).
 */
export function truncate(topK: u32, topP: f64, mass: f64, whole: f64): void {
  edge = lowest;
  ties = ALL;
  kept = mass;
  const cutsCount = topK != 0 && topK < count;
  if (!cutsCount && topP >= 1) return;

  spreadByDepth(value, weight, bin, count, lowest, largest, bins);
  if (cutsCount) {
    find(COUNT, <f64>topK);
    edge = group;
    kept = f64x2.extract_lane(f64x2.add(above, within), 0);
  }
  if (topP >= 1) return;

  const target = topP * (whole > 0 ? whole : kept);
  find(MASS, target);
  // Only rounding can carry the search past the edge of top-k: then all of that is kept.
  if (group < edge) return;
  edge = group;
  keepTies(target);
}

/** Of the group the cut goes through: each, in index order, while the mass before it is below the target; one at least. */
function keepTies(target: f64): void {
  const members = <u32>f64x2.extract_lane(within, 1);
  const one = f64x2.extract_lane(within, 0) / <f64>members;
  const before = f64x2.extract_lane(above, 0);
  let n: u32 = 1;
  while (n < members && before + one * <f64>n < target) n++;
  ties = n == members ? ALL : n;
  kept = before + one * <f64>n;
}

/** From the largest candidate down: the group of equal ones with which the sum (mass or count) first reaches the target. */
function find(measure: usize, target: f64): void {
  restart();
  let reached = walk(measure, target, bins);
  let n = gather(value, weight, bin, count, reached);
  while (true) {
    above = passed;
    let low: f32 = Infinity;
    let high: f32 = -Infinity;
    for (let i: u32 = 0; i < n; i++) {
      const z = load<f32>(listValue + (i << 2));
      low = min(low, z);
      high = max(high, z);
    }
    if (n <= FEW || low == high) return descend(n, high, measure, target);
    spreadByBits(listValue, listWeight, listBin, n, low, high, listBins);
    reached = walk(measure, target, listBins);
    n = gather(listValue, listWeight, listBin, n, reached);
  }
}

/** Moves value and weight of what lies in one bin to the front of the list (which may be where it comes from); how many. */
function gather(values: usize, weights: usize, places: usize, n: u32, wanted: u32): u32 {
  const place = i8x16.splat(<i8>wanted);
  let found: u32 = 0;
  for (let i: u32 = 0; i < n; i += 16) {
    let lanes = i8x16.bitmask(i8x16.eq(v128.load(places + i), place));
    if (n - i < 16) lanes &= (1 << (n - i)) - 1;
    for (; lanes; lanes &= lanes - 1) {
      const from = i + ctz(lanes);
      store<f32>(listValue + (found << 2), load<f32>(values + (from << 2)));
      store<f64>(listWeight + (found << 3), load<f64>(weights + (from << 3)));
      found++;
    }
  }
  return found;
}

/** Goes down a short list group by group. */
function descend(n: u32, high: f32, measure: usize, target: f64): void {
  while (true) {
    let next: f32 = -Infinity;
    let mass = 0.0;
    let members = 0.0;
    for (let i: u32 = 0; i < n; i++) {
      const z = load<f32>(listValue + (i << 2));
      if (z == high) {
        mass += load<f64>(listWeight + (i << 3));
        members += 1;
      } else if (z < high) {
        next = max(next, z);
      }
    }
    group = high;
    within = f64x2.replace_lane(f64x2.splat(members), 0, mass);
    const sum = f64x2.add(above, within);
    if (part(measure, sum) >= target || next == -Infinity) return;
    above = sum;
    high = next;
  }
}
