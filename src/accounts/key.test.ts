import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32.ts";
import { checkKey, KEY_BYTES, makeKey, shownPrefix } from "./key.ts";

const random = fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES });
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

describe("crc32", () => {
  it("gives the published check value, and 0 for nothing", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array())).toBe(0);
  });
});

describe("an API key", () => {
  it("has the form that secret scanners look for, whatever the bytes it is made of", () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const key = makeKey(bytes);
        expect(key).toMatch(/^vpge_[0-9A-Za-z]{38}$/);
        expect(checkKey(key)).toBe(true);
        expect(key.startsWith(shownPrefix(key))).toBe(true);
        expect(shownPrefix(key)).toHaveLength(12);
      }),
    );
  });

  it("stays what it was: these bytes gave this key, by zlib's CRC-32 too", () => {
    expect(makeKey(Uint8Array.from({ length: KEY_BYTES }, (_, i) => i))).toBe(
      "vpge_jlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1PhCqX",
    );
  });

  it("is refused after any change of one character", () => {
    fc.assert(
      fc.property(random, fc.nat(42), fc.constantFrom(...DIGITS, " ", "é", "-"), (bytes, at, character) => {
        const key = makeKey(bytes);
        fc.pre(key[at] !== character);
        expect(checkKey(key.slice(0, at) + character + key.slice(at + 1))).toBe(false);
      }),
    );
  });

  it("is refused when two neighbours are swapped, one is left out or one is added", () => {
    fc.assert(
      fc.property(
        random,
        fc.integer({ min: 5, max: 41 }),
        fc.constantFrom(...DIGITS),
        (bytes, at, character) => {
          const key = makeKey(bytes);
          const swapped = key.slice(0, at) + key[at + 1] + key[at] + key.slice(at + 2);
          if (swapped !== key) expect(checkKey(swapped)).toBe(false);
          expect(checkKey(key.slice(0, at) + key.slice(at + 1))).toBe(false);
          expect(checkKey(key.slice(0, at) + character + key.slice(at))).toBe(false);
        },
      ),
    );
  });

  it("uses every one of its bytes", () => {
    fc.assert(
      fc.property(random, fc.nat(KEY_BYTES - 1), fc.integer({ min: 1, max: 255 }), (bytes, at, change) => {
        const other = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ change : byte));
        expect(makeKey(other)).not.toBe(makeKey(bytes));
      }),
    );
  });
});
