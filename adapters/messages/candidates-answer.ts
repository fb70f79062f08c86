/** Candidates, the answer: which tokens there are, checked before anything is drawn, and their pairs as they arrive. */
import type { Candidates, StepRequest } from "../contract.ts";
import { Malformed } from "../oip/malformed.ts";
import type { OpenResponse } from "../oip/open.ts";
import { fp32Values, int32Values } from "../oip/tensor.ts";
import { withoutPadding } from "./padding.ts";

/** A token's place behind a picture's last candidate holds this. */
const noToken = 0xffff;

/** An answer whose tokens are known and whose pairs are still to come. */
export interface CandidatesAnswer {
  /** One a picture. */
  readonly candidates: readonly Candidates[];
  /** FP16 [candidates, branches], picture after picture. */
  readonly pairs: AsyncIterableIterator<Uint8Array>;
}

/**
 * @param answer an answer that stands behind its stats
 * @param request what it answers
 * @returns its candidates, and the stream of their pairs
 * @throws Malformed on whatever cannot be candidates of that step, and whatever the body throws
 */
export async function readCandidates(answer: OpenResponse, request: StepRequest): Promise<CandidatesAnswer> {
  const { length, width, branches } = request;
  const counts = int32Values(await answer.tensor());
  const masses = fp32Values(await answer.tensor());
  const { data, shape } = await answer.tensor();
  const size = shape[1]!;
  const own = <T extends Int32Array | Float32Array>(all: T, i: number) =>
    all.subarray(i * length, (i + 1) * length) as T;
  for (const mass of masses) {
    if (!(mass >= 1 && mass <= width)) throw new Malformed(`candidate_mass: ${mass}`);
  }
  const totals = request.pictures.map((_, i) => totalOf(own(counts, i), width));
  if (Math.max(...totals) !== size) {
    throw new Malformed(
      `candidate_token: ${size} a picture where candidate_count says ${Math.max(...totals)}`,
    );
  }
  const candidates = totals.map((total, i) => {
    const bytes = data.subarray(i * size * 2, (i + 1) * size * 2);
    if (bytes.subarray(total * 2).some((byte) => byte !== 0xff)) {
      throw new Malformed(`candidate_token: not ${noToken} behind the last of picture ${i}`);
    }
    return {
      counts: own(counts, i),
      masses: own(masses, i),
      tokens: ascending(bytes.subarray(0, total * 2), own(counts, i), width),
    };
  });
  const pairBytes = branches * 2;
  const sizes = totals.map((total) => total * pairBytes);
  return { candidates, pairs: withoutPadding(answer.stream(), sizes, size * pairBytes) };
}

function totalOf(counts: Int32Array, width: number): number {
  let total = 0;
  for (const count of counts) {
    if (count < 1 || count > width) throw new Malformed(`candidate_count: ${count}, not of 1 .. ${width}`);
    total += count;
  }
  return total;
}

/** The tokens of one picture, which must ascend within each position and lie below `width`; in the place of their bytes. */
function ascending(bytes: Uint8Array, counts: Int32Array, width: number): Uint16Array {
  const tokens = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  let at = 0;
  for (const count of counts) {
    let least = 0;
    for (const end = at + count; at < end; at++) {
      const token = bytes[2 * at]! | (bytes[2 * at + 1]! << 8);
      if (token < least || token >= width) throw new Malformed(`candidate_token: ${token} at ${at}`);
      tokens[at] = token;
      least = token + 1;
    }
  }
  return tokens;
}
