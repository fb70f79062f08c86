/** Which seed a picture, and its corruption, has (docs/contract.md, "Seeds"). */
import { philox, STREAM } from "./philox.ts";

/**
 * A seed made of the first two generator words at (c0, c1, 3, 0) under another seed: x0 + 2^32 (x1 mod 2^21).
 *
 * @throws RangeError for a seed outside 0 .. 2^53 - 1
 */
export function drawSeed(seed: number, c0: number, c1: number): number {
  const [x0, x1] = philox(seed, [c0, c1, STREAM.seeds, 0]);
  return x0 + 2 ** 32 * (x1 & 0x1fffff);
}

/** The seed of a request's picture i: the request's own for the first, so that asking for any of them alone gives it again. */
export function pictureSeed(requestSeed: number, picture: number): number {
  return picture === 0 ? requestSeed : drawSeed(requestSeed, picture, 0);
}

/** The corruption seed of a picture that was given none. */
export function corruptionSeed(pictureSeed: number): number {
  return drawSeed(pictureSeed, 0, 1);
}
