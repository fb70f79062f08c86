import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isKnown, isSame, rangeOf } from "./range.ts";

const sizes = fc.integer({ min: 0, max: 40 });
const positions = fc.integer({ min: 0, max: 60 });
const fileOf = (size: number) => Array.from({ length: size }, (_, i) => i);
const pick = (size: number, header: string) => {
  const range = rangeOf(header, size);
  return typeof range === "string" || range === null
    ? range
    : fileOf(size).slice(range.offset, range.offset + range.length);
};
const orUnsatisfiable = (bytes: number[]) => (bytes.length === 0 ? "unsatisfiable" : bytes);

describe("a Range header", () => {
  it("asks for exactly the bytes from first to last that there are", () => {
    fc.assert(
      fc.property(sizes, positions, positions, (size, first, last) => {
        const expected = orUnsatisfiable(fileOf(size).filter((byte) => byte >= first && byte <= last));
        expect(pick(size, `bytes=${first}-${last}`)).toEqual(last < first ? null : expected);
      }),
    );
  });

  it("asks for all bytes from one on, or for the last so many", () => {
    fc.assert(
      fc.property(sizes, positions, (size, count) => {
        const file = fileOf(size);
        expect(pick(size, `bytes=${count}-`)).toEqual(orUnsatisfiable(file.filter((byte) => byte >= count)));
        const last = orUnsatisfiable(file.filter((byte) => byte >= size - count));
        expect(pick(size, `bytes=-${count}`)).toEqual(last);
      }),
    );
  });

  it("never leads outside the file, however it is written", () => {
    const digits = fc.stringMatching(/^[0-9]{0,30}$/);
    const likely = fc.tuple(fc.constantFrom("bytes=", "Bytes=", "bytes= ", "items="), digits, digits);
    const headers = fc.oneof(
      fc.string(),
      likely.map(([unit, first, last]) => `${unit}${first}-${last}`),
    );
    fc.assert(
      fc.property(headers, sizes, (header, size) => {
        const range = rangeOf(header, size);
        if (range === null || range === "unsatisfiable") return;
        expect(range.offset).toBeGreaterThanOrEqual(0);
        expect(range.length).toBeGreaterThan(0);
        expect(range.offset + range.length).toBeLessThanOrEqual(size);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(["", "bytes", "bytes=", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", "bytes=5-4", "0-1"])(
    "is ignored where it is no single range of bytes: %j",
    (header) => {
      expect(rangeOf(header, 10)).toBeNull();
    },
  );

  it("tells two numbers apart that are one as doubles", () => {
    expect(rangeOf("bytes=9007199254740993-9007199254740992", 10)).toBeNull();
    expect(rangeOf("bytes=9007199254740992-9007199254740993", 10)).toBe("unsatisfiable");
  });
});

describe("conditions", () => {
  it("If-Range means this file by its strong tag alone", () => {
    expect(isSame(undefined, '"a"')).toBe(true);
    expect(isSame('"a"', '"a"')).toBe(true);
    for (const other of ['W/"a"', '"b"', "a", "Mon, 30 Nov 2026 10:00:00 GMT"])
      expect(isSame(other, '"a"')).toBe(false);
  });

  it("If-None-Match means it in any list, weakly, or by *", () => {
    for (const known of ['"a"', 'W/"a"', '"b", "a"', "*"]) expect(isKnown(known, '"a"')).toBe(true);
    for (const other of [undefined, '"b"', "a", ""]) expect(isKnown(other, '"a"')).toBe(false);
  });
});
