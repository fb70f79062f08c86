/** The `Range` and conditional headers of a download, as RFC 9110 has them. */

/** Bytes `offset` to `offset + length - 1`. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * The one range that a `Range` header asks for.
 * @returns null where it is to be ignored: another unit, several ranges, or none that is well formed.
 */
export function rangeOf(header: string, size: number): ByteRange | "unsatisfiable" | null {
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header) ?? [];
  if (!first && !last) return null;
  if (!first) {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { offset: size - length, length };
  }
  if (last && decimal(last) < decimal(first)) return null;
  const offset = Number(first);
  if (offset >= size) return "unsatisfiable";
  return { offset, length: Math.min(last ? Number(last) : size, size - 1) - offset + 1 };
}

/** Past 2^53 a Number no longer tells two apart. */
const decimal = (digits: string) => BigInt(digits);

/** Whether `If-Range` still means this very file: only its own, strong entity tag does; a date never, as none is sent. */
export const isSame = (ifRange: string | undefined, etag: string) =>
  ifRange === undefined || ifRange.trim() === etag;

/** Whether `If-None-Match` names this file, so that it need not be sent again. */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(etag);
}
