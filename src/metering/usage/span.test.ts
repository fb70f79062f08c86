import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cursorAfter, cut, resume, type Span, WIDTHS, type Width } from "./span.ts";

const seconds = { min: 0, max: 4_000_000_000 };
const width = fc.constantFrom<Width>("1m", "1h", "1d");
/** A time of up to a hundred buckets. */
const asked = fc
  .record({ width, from: fc.integer(seconds), buckets: fc.double({ min: 0, max: 100, noNaN: true }) })
  .map(({ width, from, buckets }) => {
    const length = Math.floor((WIDTHS[width] / 1000) * buckets) + 1;
    return { width, whole: { fromMs: from * 1000, toMs: (from + length) * 1000 } };
  });

/** All buckets, page after page, as a client walks them. */
function walk({ fromMs, toMs }: Span, width: Width, limit: number): Span[] {
  const all: Span[] = [];
  let rest: Span | null = { fromMs, toMs };
  for (let pages = 0; rest && pages < 1000; pages++) {
    const spans = cut(rest, width, limit);
    expect(spans.length).toBeLessThanOrEqual(limit);
    all.push(...spans);
    const cursor = cursorAfter(spans, toMs);
    rest = cursor === null ? null : resume(cursor, fromMs, toMs);
    if (cursor !== null) expect(rest).not.toBeNull();
  }
  return all;
}

describe("cut", () => {
  it("fills the time asked for without gap or overlap, page after page, whatever the width and the limit", () => {
    fc.assert(
      fc.property(asked, fc.integer({ min: 1, max: 40 }), ({ whole, width }, limit) => {
        const spans = walk(whole, width, limit);
        expect(spans).toEqual(cut(whole, width, Number.POSITIVE_INFINITY));
        expect(spans[0]!.fromMs).toBe(whole.fromMs);
        expect(spans.at(-1)!.toMs).toBe(whole.toMs);
        for (const [i, span] of spans.entries()) {
          if (i > 0) expect(span.fromMs).toBe(spans[i - 1]!.toMs);
          expect(span.toMs).toBeGreaterThan(span.fromMs);
          if (i > 0) expect(span.fromMs % WIDTHS[width]).toBe(0);
        }
      }),
    );
  });

  it("cuts the first and the last bucket to the time asked for", () => {
    const at = (text: string) => Date.parse(`2026-11-${text}Z`);
    expect(
      cut({ fromMs: at("23T22:30:00"), toMs: at("25T01:00:00") }, "1d", 9).map(({ fromMs, toMs }) =>
        [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(8, 16)),
      ),
    ).toEqual([
      ["23T22:30", "24T00:00"],
      ["24T00:00", "25T00:00"],
      ["25T00:00", "25T01:00"],
    ]);
  });

  it("has no bucket for a time without length", () => {
    expect(cut({ fromMs: 5000, toMs: 5000 }, "1m", 9)).toEqual([]);
    expect(cursorAfter([], 5000)).toBeNull();
  });
});

describe("resume", () => {
  const cursor = cursorAfter([{ fromMs: 0, toMs: 60_000 }], 600_000)!;

  it("goes on to the end that the first page had", () => {
    expect(resume(cursor, 0, null)).toEqual({ fromMs: 60_000, toMs: 600_000 });
    expect(resume(cursor, 0, 600_000)).toEqual({ fromMs: 60_000, toMs: 600_000 });
  });

  it("refuses what is no cursor of this question", () => {
    expect(resume(cursor, 0, 700_000)).toBeNull();
    expect(resume(cursor, 60_000, null)).toBeNull();
    for (const text of ["", "page_", "page_1", "page_z_1", "page_-1_5", `${cursor}0000000`, "PAGE_1_2"]) {
      expect(resume(text, 0, null)).toBeNull();
    }
  });
});
