/** What a cloud's front end lets through: data of each adapter, with its source in docs/providers.md. */

export interface Limits {
  /** The most bytes of a request's body; null: none that is known. */
  readonly requestBytes: number | null;
  /** The most bytes of an answer's body. */
  readonly answerBytes: number | null;
  /** After so many milliseconds it gives up on the server behind it. */
  readonly timeoutMs: number | null;
}

/** A server of one's own. */
export const unlimited: Limits = { requestBytes: null, answerBytes: null, timeoutMs: null };

/** What a message takes beside its large tensor: JSON header, the small tensors, the stats of a few pictures. */
const overheadBytes = 16 * 1024;

/** The sizes of a step, whoever asks for it. */
export interface StepSize {
  /** Bytes of the prefix on the wire. */
  readonly prefixBytes: number;
  /** L_k. */
  readonly length: number;
  readonly width: number;
  readonly branches: number;
}

/**
 * @param step sizes of a step of one picture
 * @returns bytes of the FP16 rows that answer it
 */
export function rowBytes({ length, width, branches }: Omit<StepSize, "prefixBytes">): number {
  return length * branches * width * 2;
}

/**
 * @param limit bytes a body may have, null for any number
 * @param each bytes of the large tensor that one picture takes
 * @returns how many pictures fit in one body
 */
export function picturesWithin(limit: number | null, each: number): number {
  if (limit === null || each === 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, Math.floor((limit - overheadBytes) / each));
}
