/** Parts that a step and a decode say the same way. */

import type { Parameters } from "../oip/frame.ts";
import { Malformed } from "../oip/malformed.ts";
import { rawTensor, type Tensor } from "../oip/tensor.ts";

/**
 * @param count pictures in a request
 * @returns it
 * @throws Malformed when there are none
 */
export function batchOf(count: number): number {
  if (count === 0) throw new Malformed("pictures: none");
  return count;
}

/**
 * What is left, for the model (`deadline_ms`) and for Triton's own queue (`timeout`, in µs).
 *
 * @param deadlineMs milliseconds from now
 * @returns the parameters, whole numbers, at least 1 ms
 */
export function deadlineParameters(deadlineMs: number): Parameters {
  const left = Math.max(1, Math.floor(Math.min(deadlineMs, 2 ** 31 - 1)));
  return { deadline_ms: left, timeout: left * 1000 };
}

/**
 * @param kind what a token is
 * @param rows one picture's tokens each, in the wire's form
 * @returns `tokens` [n, L] as UINT16, or [n, bytes] as UINT8
 * @throws Malformed when the rows differ in length, or a codebook row has half a token
 */
export function tokensTensor(kind: "codebook" | "bitwise", rows: readonly Uint8Array[]): Tensor {
  const length = rows[0]?.byteLength ?? 0;
  if (rows.some((row) => row.byteLength !== length))
    throw new Malformed("tokens: pictures of different lengths");
  const width = kind === "codebook" ? 2 : 1;
  if (length % width !== 0) throw new Malformed(`tokens: ${length} bytes are no whole tokens`);
  const data = new Uint8Array(rows.length * length);
  for (const [i, row] of rows.entries()) data.set(row, i * length);
  return rawTensor("tokens", kind === "codebook" ? "UINT16" : "UINT8", [rows.length, length / width], data);
}
