/** The prefix cache stays within its bytes and keeps what was used last. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { PrefixCache } from "./prefix-cache.ts";

const stateOf = (floats: number) => ({ keys: new Float32Array(floats), values: new Float32Array(floats) });
const bytesOf = (floats: number) => floats * 8;

it("never holds more bytes than it may, and counts them right", () => {
  const operations = fc.array(
    fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 40 })),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), operations, (most, all) => {
      const cache = new PrefixCache(most);
      for (const [keep, name, floats] of all) {
        if (keep) cache.keep(String(name), stateOf(floats));
        else cache.find([String(name)]);
        expect(cache.bytes).toBeLessThanOrEqual(most);
      }
      const held = cache.find(Array.from({ length: 10 }, (_, name) => String(name)));
      expect(cache.bytes).toBe(held.reduce((sum, state) => sum + bytesOf(state?.keys.length ?? 0), 0));
      expect(cache.size).toBe(held.filter((state) => state !== undefined).length);
    }),
  );
});

it("lets go of what was used longest ago", () => {
  const cache = new PrefixCache(bytesOf(30));
  for (const name of ["a", "b", "c"]) cache.keep(name, stateOf(10));
  cache.find(["a"]);
  cache.keep("d", stateOf(10));
  expect(cache.find(["a", "b", "c", "d"]).map((state) => state !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ]);
});

it("lets go of a picture's late steps before its early ones, which all later steps need", () => {
  const cache = new PrefixCache(bytesOf(30));
  for (const name of ["0", "1", "2"]) cache.keep(name, stateOf(10));
  cache.find(["0", "1", "2"]);
  cache.keep("other", stateOf(10));
  expect(cache.find(["0", "1", "2"]).map((state) => state !== undefined)).toEqual([true, true, false]);
});

it("refuses what alone is too large and keeps the rest", () => {
  const cache = new PrefixCache(bytesOf(10));
  cache.keep("small", stateOf(5));
  cache.keep("large", stateOf(11));
  expect(cache.find(["small", "large"]).map((state) => state !== undefined)).toEqual([true, false]);
});
