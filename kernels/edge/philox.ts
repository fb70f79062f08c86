/** Philox4x32-10 (Salmon et al., SC 2011) and the uniforms made of it, for everything that is drawn outside the kernel. */

export type Words = readonly [number, number, number, number];

/** Third counter word: which stream a block belongs to (docs/contract.md, "Sampling at the edge"). */
export const STREAM = { sampling: 1, corruption: 2, seeds: 3 } as const;

/** Whether a number is a seed: an integer of 0 .. 2^53 - 1. */
export function isSeed(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/**
 * One block of the generator.
 *
 * @param seed the key, an integer of 0 .. 2^53 - 1, low word first
 * @param counter four words, 0 .. 2^32 - 1
 * @returns four words, 0 .. 2^32 - 1
 * @throws RangeError for a seed that is none
 */
export function philox(seed: number, counter: Words): Words {
  if (!isSeed(seed)) throw new RangeError(`seed must be an integer of 0 .. 2^53 - 1, not ${seed}`);
  return philoxBlock(seed >>> 0, Math.floor(seed / 2 ** 32), counter);
}

/** The same under any 64-bit key, as two words: what published test vectors use. */
export function philoxBlock(keyLow: number, keyHigh: number, counter: Words): Words {
  let [c0, c1, c2, c3] = counter;
  let k0 = keyLow;
  let k1 = keyHigh;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** The upper 32 bits of a product of unsigned words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) | 0;
}

/** r of a pair of words, in float64, left to right; in (0, 1], 1 only when all 53 bits used are set (rounding). */
export function uniform(a: number, b: number): number {
  return ((a >>> 5) * 2 ** 26 + (b >>> 6) + 0.5) / 2 ** 53;
}
