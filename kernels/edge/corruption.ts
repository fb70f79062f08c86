/** Which positions of a step are corrupted, and from where (docs/contract.md, "Corruption"). */
import { philox, STREAM } from "./philox.ts";

/**
 * The index through which a step's L embeddings are gathered: place u takes the embedding of place `index[u]`, its own
 * where it is not replaced.
 *
 * @param seed the corruption seed
 * @param step k, from 0
 * @param length L_k, below 2^21 + 1
 * @param ratio n_p, rounded to float32
 */
export function corruptionIndex(seed: number, step: number, length: number, ratio: number): Uint32Array {
  const share = Math.fround(ratio);
  const index = Uint32Array.from({ length }, (_, u) => u);
  if (length === 1) return index;
  for (let u = 0; u < length; u++) {
    const [x0, x1] = philox(seed, [u, step, STREAM.corruption, 0]);
    if (x0 / 2 ** 32 < share) index[u] = (u + 1 + Math.floor((x1 * (length - 1)) / 2 ** 32)) % length;
  }
  return index;
}
