/** Numbers as hex text, so that every language reads the same bits. */

const bits = new DataView(new ArrayBuffer(8));

/** An integer in so many digits, the highest first. */
export function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** A float32's bits. */
export function float32(value: number): string {
  bits.setFloat32(0, value);
  return hex(bits.getUint32(0), 8);
}

/** The float32 of such bits. */
export function fromFloat32(text: string): number {
  bits.setUint32(0, Number.parseInt(text, 16));
  return bits.getFloat32(0);
}

/** A float64's bits. */
export function float64(value: number): string {
  bits.setFloat64(0, value);
  return hex(bits.getUint32(0), 8) + hex(bits.getUint32(4), 8);
}

/** Words of 32 bits. */
export function words(block: readonly number[]): string[] {
  return block.map((word) => hex(word, 8));
}
