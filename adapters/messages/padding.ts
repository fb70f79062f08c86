/** Takes the padding off pictures of different sizes while they arrive, having looked at every byte of it. */
import { leavable } from "../oip/leave.ts";
import { Malformed } from "../oip/malformed.ts";

/** Minus infinity in FP16, little endian. */
const padding = [0x00, 0xfc] as const;

/**
 * @param pieces pictures of `stride` bytes each, in pieces of any size
 * @param sizes of each picture the bytes before its padding, an even number
 * @param stride an even number
 * @returns the bytes that are no padding; throws Malformed where the padding is not minus infinity
 */
export function withoutPadding(
  pieces: AsyncIterableIterator<Uint8Array>,
  sizes: readonly number[],
  stride: number,
): AsyncIterableIterator<Uint8Array> {
  return leavable(stripped(pieces, sizes, stride), () => void pieces.return?.());
}

async function* stripped(
  pieces: AsyncIterableIterator<Uint8Array>,
  sizes: readonly number[],
  stride: number,
): AsyncGenerator<Uint8Array, void> {
  let passed = 0;
  for await (const piece of pieces) {
    for (let rest = piece; rest.byteLength > 0; ) {
      const size = sizes[Math.floor(passed / stride)]!;
      const at = passed % stride;
      const part = rest.subarray(0, (at < size ? size : stride) - at);
      if (at < size) yield part;
      else if (part.some((byte, i) => byte !== padding[(at + i) % 2])) {
        throw new Malformed("candidate_logits: not minus infinity behind the last of a picture");
      }
      passed += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
  }
}
