/** One bit of an answer turned over: any, or one that leaves a row which no endpoint may send. */

const EXPONENT = 0x1f;

/**
 * Turns one bit over.
 * @param luck 0 up to 1: which.
 * @returns a copy.
 */
export function flipAny(bytes: Uint8Array, luck: number): Uint8Array {
  const bit = Math.floor(luck * bytes.length * 8);
  return flipped(bytes, bit);
}

/**
 * Turns over one bit of FP16 numbers, little endian, so that one of them is no number any more: the only way in which
 * a single bit can make a row of a codebook malformed, but for an infinity in the place of exactly -1.
 * @param luck 0 up to 1: which of the bits that do so.
 * @returns a copy, or null where no bit does.
 */
export function flipToNaN(halves: Uint8Array, luck: number): Uint8Array | null {
  const bits: number[] = [];
  for (let at = 0; at + 1 < halves.length; at += 2) {
    const half = halves[at]! | (halves[at + 1]! << 8);
    const missing = EXPONENT ^ ((half >> 10) & EXPONENT);
    // Exactly one bit of the exponent is unset, and the rest of the number is not nothing.
    const isOneBit = missing !== 0 && (missing & (missing - 1)) === 0;
    if (isOneBit && (half & 0x3ff) !== 0) bits.push(at * 8 + 10 + Math.log2(missing));
  }
  return bits.length === 0 ? null : flipped(halves, bits[Math.floor(luck * bits.length)]!);
}

/** @param bit counted from the lowest of the first byte. */
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}
