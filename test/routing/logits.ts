/** Logits of no model: they depend on the numerics class, the prefix, the step and the branch, and on nothing else. */
import type { StepRequest } from "../../adapters/contract.ts";

/** FP16 of (i - 128) / 32: what a byte of chance becomes. */
const halves = Uint16Array.from({ length: 256 }, (_, i) => {
  const view = new DataView(new ArrayBuffer(2));
  view.setFloat16(0, (i - 128) / 32);
  return view.getUint16(0);
});

/** @returns the rows of all pictures, in the wire's order */
export function logitsOf(
  { step, length, width, branches, pictures }: StepRequest,
  numerics: string,
): Uint8Array {
  const each = length * branches * width;
  const rows = new Uint16Array(each * pictures.length);
  for (const [i, { prefix }] of pictures.entries()) {
    let x = digest(prefix, digest(new TextEncoder().encode(numerics), step + 1)) || 1;
    for (let j = 0; j < each; j++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      rows[i * each + j] = halves[x & 255]!;
    }
  }
  return new Uint8Array(rows.buffer);
}

function digest(bytes: Uint8Array, from: number): number {
  let x = from | 0;
  for (const byte of bytes) x = (Math.imul(x, 31) + byte + 1) | 0;
  return Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
}
