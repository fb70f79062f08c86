/** Calls that take about as long as each other: the key under which times are kept. */
import type { DecodeRequest, StepRequest } from "../../adapters/contract.ts";

/** How a call's times are kept, and how they are guessed before any is seen. */
export interface Bucket {
  readonly key: string;
  readonly pictures: number;
  /** Of a step whose prefix the endpoint has to replay: the bucket of one that need not, and how much longer it may take. */
  readonly warm?: { readonly key: string; readonly times: number };
}

/**
 * @param warm whether the endpoint is thought to hold the prefix in its cache
 * @returns the bucket by length (to a factor of 2) and branches; the first step has its own, since texts are encoded then;
 *   of a replay by the length of the prefix as well
 */
export function stepBucket(request: StepRequest, warm: boolean): Bucket {
  const { step, length, branches, pictures } = request;
  if (step === 0) return { key: "0", pictures: pictures.length };
  const key = `${rank(length)}x${branches}`;
  if (warm) return { key, pictures: pictures.length };
  const tokens = pictures[0]!.prefix.byteLength / tokenBytes(request);
  const times = 1 + Math.max(step, tokens / length);
  return { key: `${key}~${rank(tokens)}`, pictures: pictures.length, warm: { key, times } };
}

/** @returns the bucket of a decoding, by format and number of tokens */
export function decodeBucket({ format, pictures }: DecodeRequest): Bucket {
  return { key: `${format}${rank(pictures[0]?.byteLength ?? 1)}`, pictures: pictures.length };
}

const rank = (size: number) => Math.ceil(Math.log2(Math.max(1, size)));

function tokenBytes({ tokens, width }: StepRequest): number {
  return tokens === "codebook" ? 2 : Math.ceil(width / 8);
}
