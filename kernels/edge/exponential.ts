/** The kernel's e^x (assembly/exponential.ts) in plain TypeScript, bit for bit: what its golden vectors are made with. */

/** Adding 1.5 * 2^52 rounds to the nearest whole number, ties to even. */
const ROUNDER = 6755399441055744;
const [C0, C1, C2, C3, C4, C5, C6, C7, C8] = [
  1, 0.6931471805412328, 0.24022650694742737, 0.055504109592287666, 0.009618129558821261,
  0.0013333434157559018, 0.0001540309829557459, 0.000015314209222310066, 0.0000013344181563953068,
] as const;

/** e^x for -700 <= x <= 700, within 2e-12 of it, relatively (and 1e-16 |x| for the rounding of x log2 e). */
export function exponential(x: number): number {
  const scaled = x * Math.LOG2E;
  const n = scaled + ROUNDER - ROUNDER;
  const f = scaled - n;
  const f2 = f * f;
  const f4 = f2 * f2;
  const p03 = C0 + C1 * f + (C2 + C3 * f) * f2;
  const p48 = C4 + C5 * f + (C6 + C7 * f) * f2 + C8 * f4;
  return (p03 + p48 * f4) * 2 ** n;
}
