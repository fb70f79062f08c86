/** Small patches of pixels in units of their spread: what a judge overlooks, noise and what is blurred, shows in them. */
import type { Reference } from "./reference.ts";

/**
 * @param pictures bytes [n, 3, side, side].
 * @returns [n patches, width], picture by picture, row by row.
 */
export function whitenedPatches(
  pictures: Uint8Array,
  { side, patches }: Pick<Reference, "side" | "patches">,
): Float32Array {
  const { width, offset, directions, stride } = patches;
  const across = Math.floor((side - patches.side) / stride) + 1;
  const picture = 3 * side * side;
  const count = pictures.length / picture;
  const made = new Float32Array(count * across * across * width);
  const patch = new Float64Array(width);
  let at = 0;
  for (let i = 0; i < count; i++) {
    for (let row = 0; row < across; row++) {
      for (let column = 0; column < across; column++) {
        take(pictures, i * picture + row * stride * side + column * stride, side, patches.side, patch);
        for (let k = 0; k < width; k++) patch[k]! -= offset[k]!;
        for (let d = 0; d < width; d++) {
          let sum = 0;
          for (let k = 0; k < width; k++) sum += directions[d * width + k]! * patch[k]!;
          made[at++] = sum;
        }
      }
    }
  }
  return made;
}

/** A patch in [-1, 1], colour by colour. */
function take(pictures: Uint8Array, from: number, side: number, length: number, patch: Float64Array): void {
  let k = 0;
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < length; y++) {
      for (let x = 0; x < length; x++) patch[k++] = pictures[from + (c * side + y) * side + x]! / 127.5 - 1;
    }
  }
}
