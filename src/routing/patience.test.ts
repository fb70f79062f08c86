import fc from "fast-check";
import { expect, test } from "vitest";
import { patienceOf } from "./patience.ts";

const wait = { leftMs: 60_000, timeoutMs: null, expectedMs: 100, hasOthers: true };

test.each([
  ["six times what it takes, where somebody else is well", {}, 600],
  ["never less than 400 ms", { expectedMs: 5 }, 400],
  ["half of what is left, where nothing is known", { expectedMs: null }, 30_000],
  ["all of it, where nobody else is there either", { expectedMs: null, hasOthers: false }, 60_000],
  ["half of it alone, so that a second try has time", { hasOthers: false }, 30_000],
  ["longer alone, where it takes long", { hasOthers: false, expectedMs: 2_000 }, 48_000],
  ["no longer than the provider itself", { expectedMs: null, timeoutMs: 5_000 }, 5_000],
  ["no longer than the caller", { leftMs: 50 }, 50],
])("a call is waited for: %s", (_, changes, expected) => {
  expect(patienceOf({ ...wait, ...changes })).toBe(expected);
});

test("patience is never above what is left, and grows with what a call takes", () => {
  const ms = fc.double({ min: 0.1, max: 100_000, noNaN: true });
  fc.assert(
    fc.property(ms, ms, ms, fc.boolean(), (leftMs, one, more, hasOthers) => {
      const of = (expectedMs: number) => patienceOf({ leftMs, timeoutMs: null, expectedMs, hasOthers });
      expect(of(one)).toBeLessThanOrEqual(leftMs);
      expect(of(one + more)).toBeGreaterThanOrEqual(of(one));
    }),
  );
});
