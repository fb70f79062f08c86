/** A report's time cut into buckets at UTC boundaries, and the cursor from one page of them to the next. */

export const WIDTHS = { "1m": 60_000, "1h": 3_600_000, "1d": 86_400_000 } as const;
export type Width = keyof typeof WIDTHS;

/** `fromMs <= t < toMs`. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The first `limit` buckets of a time. Each ends at a whole minute, hour or day of UTC; the first and the last are
 * cut to the time asked for, so that a bucket says exactly what it counts.
 */
export function cut({ fromMs, toMs }: Span, width: Width, limit: number): Span[] {
  const ms = WIDTHS[width];
  const spans: Span[] = [];
  for (let at = fromMs; at < toMs && spans.length < limit; ) {
    const end = Math.min((Math.floor(at / ms) + 1) * ms, toMs);
    spans.push({ fromMs: at, toMs: end });
    at = end;
  }
  return spans;
}

/** Where the next page goes on; it carries its end too, so that "until now" means the same moment on every page. */
export function cursorAfter(spans: readonly Span[], toMs: number): string | null {
  const at = spans.at(-1)?.toMs ?? toMs;
  return at < toMs ? `page_${(at / 1000).toString(36)}_${(toMs / 1000).toString(36)}` : null;
}

/**
 * What is left of a time from a cursor on, or null where it is no cursor of this time.
 * @param toMs null: "until now", which is then the moment that the first page was made at.
 */
export function resume(cursor: string, fromMs: number, toMs: number | null): Span | null {
  const [, at, end] = /^page_([0-9a-z]{1,8})_([0-9a-z]{1,8})$/.exec(cursor) ?? [];
  if (at === undefined || end === undefined) return null;
  const rest = { fromMs: Number.parseInt(at, 36) * 1000, toMs: Number.parseInt(end, 36) * 1000 };
  const fits = fromMs < rest.fromMs && rest.fromMs < rest.toMs && (toMs ?? rest.toMs) === rest.toMs;
  return fits ? rest : null;
}
