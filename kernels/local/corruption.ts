/** The corrupted prefix as the step contract fixes it; which positions read which comes from the edge's own index. */
import { philox, STREAM } from "../edge/philox.ts";

export const corruptionKinds = ["embedding", "position", "token", "codebook"] as const;

export interface Corruption {
  readonly kind: (typeof corruptionKinds)[number];
  /** An integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** n_p as a float32, above 0. */
  readonly ratio: number;
}

/**
 * Kind `codebook`: the tokens themselves change, also at a step of a single position.
 *
 * @param corruption how
 * @param step j
 * @param tokens those of step j
 * @param vocabulary V
 * @returns them, some replaced by random entries
 */
export function replaceTokens(
  corruption: Corruption,
  step: number,
  tokens: Uint16Array,
  vocabulary: number,
): Uint16Array {
  return tokens.map((token, u) => {
    const [x0, , x2] = philox(corruption.seed, [u, step, STREAM.corruption, 0]);
    return x0 / 2 ** 32 < corruption.ratio ? Math.floor((x2 * vocabulary) / 2 ** 32) : token;
  });
}
