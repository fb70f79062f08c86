/** Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) and its uniforms. */

const M0: u64 = 0xd2511f53;
const M1: u64 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;
const ROUNDS: i32 = 10;

/** Third counter word of the draws of tokens (docs/contract.md, "Sampling at the edge"). */
export const SAMPLING: u32 = 1;

/** Words (x0, x1) and (x2, x3) of the last block, the first of a pair in the low half. */
export let first: u64 = 0;
export let second: u64 = 0;

/** Sets `first` and `second` to the block at counter (c0, c1, c2, c3) under key (k0, k1). */
export function block(k0: u32, k1: u32, c0: u32, c1: u32, c2: u32, c3: u32): void {
  for (let round = 0; round < ROUNDS; round++) {
    const p0 = M0 * <u64>c0;
    const p1 = M1 * <u64>c2;
    c0 = <u32>(p1 >> 32) ^ c1 ^ k0;
    c1 = <u32>p1;
    c2 = <u32>(p0 >> 32) ^ c3 ^ k1;
    c3 = <u32>p0;
    k0 += W0;
    k1 += W1;
  }
  first = <u64>c0 | (<u64>c1 << 32);
  second = <u64>c2 | (<u64>c3 << 32);
}

/** r = ((a >>> 5) * 2^26 + (b >>> 6) + 0.5) / 2^53 of a pair of words, in float64, left to right: in (0, 1]. */
// @ts-ignore: decorator
@inline
export function uniform(words: u64): f64 {
  const a = <f64>(<u32>words >> 5);
  const b = <f64>(<u32>(words >> 38));
  return (a * 67108864.0 + b + 0.5) / 9007199254740992.0;
}
