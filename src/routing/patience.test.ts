import fc from "fast-check";
import { expect, test } from "vitest";
import { patienceOf } from "./patience.ts";

const wait = { leftMs: 60_000, timeoutMs: null, expectedMs: 100, othersInMs: 0 };

test.each([
  ["six times what it takes, where somebody else is well", {}, 600],
  ["never less than 400 ms", { expectedMs: 5 }, 400],
  ["half of what is left, where nothing is known", { expectedMs: null }, 30_000],
  ["until somebody else has rested", { othersInMs: 1_500 }, 1_500],
  ["all of it, where nobody else is there either", { expectedMs: null, othersInMs: null }, 60_000],
  ["half of it alone, so that a second try has time", { othersInMs: null }, 30_000],
  ["longer alone, where it takes long", { othersInMs: null, expectedMs: 2_000 }, 48_000],
  ["no longer than the provider itself", { expectedMs: null, timeoutMs: 5_000 }, 5_000],
  ["no longer than the caller", { leftMs: 50 }, 50],
])("a call is waited for: %s", (_, changes, expected) => {
  expect(patienceOf({ ...wait, ...changes })).toBe(expected);
});

test("patience is never above what is left, and grows with what a call takes", () => {
  const ms = fc.double({ min: 0.1, max: 100_000, noNaN: true });
  fc.assert(
    fc.property(ms, ms, ms, fc.option(ms), (leftMs, one, more, othersInMs) => {
      const of = (expectedMs: number) => patienceOf({ leftMs, timeoutMs: null, expectedMs, othersInMs });
      expect(of(one)).toBeLessThanOrEqual(leftMs);
      expect(of(one + more)).toBeGreaterThanOrEqual(of(one));
    }),
  );
});
