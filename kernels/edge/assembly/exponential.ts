/** e^x in float64 from additions and products alone: the same bits on every machine. */

// Every number twice, a vector each: in memory, because engines build a vector constant from integer registers wherever
// it is used. First log2(e); then 1.5 * 2^52: adding it rounds to the nearest whole number (ties to even) and leaves
// that in the low bits; then c0 .. c8 of 2^f = c0 + c1 f + ... on [-1/2, 1/2]: minimax in relative error, 1.1e-12.
const NUMBERS = memory.data<f64>(
  [
    1.4426950408889634, 1.4426950408889634, 6755399441055744.0, 6755399441055744.0, 1.0, 1.0,
    0.6931471805412328, 0.6931471805412328, 0.24022650694742737, 0.24022650694742737,
    0.055504109592287666, 0.055504109592287666, 0.009618129558821261, 0.009618129558821261,
    0.0013333434157559018, 0.0013333434157559018, 0.0001540309829557459, 0.0001540309829557459,
    0.000015314209222310066, 0.000015314209222310066, 0.0000013344181563953068, 0.0000013344181563953068,
  ],
  16,
);

// @ts-ignore: decorator
@inline
function coefficient(power: usize): v128 {
  return v128.load(NUMBERS + 32 + (power << 4));
}

/** Two at once, for -700 <= x <= 700: f64[2] to f64[2]. Exactly 1 at 0. */
// @ts-ignore: decorator
@inline
export function exponential(x: v128): v128 {
  const rounder = v128.load(NUMBERS, 16);
  const scaled = f64x2.mul(x, v128.load(NUMBERS));
  const shifted = f64x2.add(scaled, rounder);
  const f = f64x2.sub(scaled, f64x2.sub(shifted, rounder));
  // In pairs (Estrin's scheme): as many products as Horner's but for three, in half the time.
  const f2 = f64x2.mul(f, f);
  const f4 = f64x2.mul(f2, f2);
  const p01 = f64x2.add(coefficient(0), f64x2.mul(coefficient(1), f));
  const p23 = f64x2.add(coefficient(2), f64x2.mul(coefficient(3), f));
  const p45 = f64x2.add(coefficient(4), f64x2.mul(coefficient(5), f));
  const p67 = f64x2.add(coefficient(6), f64x2.mul(coefficient(7), f));
  const p03 = f64x2.add(p01, f64x2.mul(p23, f2));
  const p47 = f64x2.add(p45, f64x2.mul(p67, f2));
  const p48 = f64x2.add(p47, f64x2.mul(coefficient(8), f4));
  const p = f64x2.add(p03, f64x2.mul(p48, f4));
  // Times 2^n, by adding n to the exponent field.
  return i64x2.add(p, i64x2.shl(shifted, 52));
}

/** One, the same way. */
export function exponentialOne(x: f64): f64 {
  return f64x2.extract_lane(exponential(f64x2.splat(x)), 0);
}
