import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bucket, fullBucket, refill, stateOf, take } from "./bucket.ts";

const limits = fc.integer({ min: 1, max: 1_000_000 });
const asks = fc.array(
  fc.record({ afterMs: fc.integer({ min: -5_000, max: 90_000 }), count: fc.integer({ min: 1, max: 20 }) }),
  { maxLength: 60 },
);

/** Asks one after the other; what was taken, and when. */
function run(limit: number, all: readonly { afterMs: number; count: number }[]) {
  let nowMs = 1_000_000;
  let bucket: Bucket = fullBucket(limit, nowMs);
  const taken: { atMs: number; count: number }[] = [];
  const levels: number[] = [];
  for (const { afterMs, count } of all) {
    nowMs += afterMs;
    const answer = take(bucket, limit, count, nowMs);
    if (answer.kind === "taken") {
      taken.push({ atMs: answer.bucket.atMs, count });
      bucket = answer.bucket;
    }
    levels.push(bucket.level);
  }
  return { taken, levels };
}

describe("a token bucket", () => {
  it("never holds more than its limit, nor less than nothing, though the clock goes back", () => {
    fc.assert(
      fc.property(limits, asks, (limit, all) => {
        for (const level of run(limit, all).levels) {
          expect(Number.isSafeInteger(level)).toBe(true);
          expect(level).toBeGreaterThanOrEqual(0);
          expect(level).toBeLessThanOrEqual(limit * 60_000);
        }
      }),
    );
  });

  it("gives in any window at most its limit and what flows in meanwhile", () => {
    const slow = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(slow, asks, (limit, all) => {
        const { taken } = run(limit, all);
        for (const [i, first] of taken.entries()) {
          let sum = 0;
          for (const { atMs, count } of taken.slice(i)) {
            sum += count;
            expect(sum).toBeLessThanOrEqual(limit + (limit * (atMs - first.atMs)) / 60_000);
          }
        }
      }),
    );
  });

  it("has enough after exactly the wait that it names, and not a millisecond before", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        asks,
        fc.integer({ min: 1, max: 500 }),
        (limit, all, count) => {
          fc.pre(count <= limit);
          let bucket = fullBucket(limit, 0);
          for (const ask of all) {
            const answer = take(bucket, limit, ask.count, 0);
            if (answer.kind === "taken") bucket = answer.bucket;
          }
          const answer = take(bucket, limit, count, 0);
          if (answer.kind === "taken") return;
          expect(take(bucket, limit, count, answer.waitMs).kind).toBe("taken");
          expect(take(bucket, limit, count, answer.waitMs - 1).kind).toBe("short");
        },
      ),
    );
  });

  it("never lets through what is larger than itself", () => {
    expect(take(fullBucket(5, 0), 5, 6, 0)).toEqual({ kind: "short", waitMs: 1 });
    expect(take({ level: 0, atMs: 0 }, 5, 6, 0)).toEqual({ kind: "short", waitMs: 60_000 });
  });

  it("shrinks at once with its limit, and tells what is left", () => {
    const bucket = refill(fullBucket(100, 0), 10, 0);
    expect(stateOf(bucket, 10)).toEqual({ limit: 10, remaining: 10, resetMs: 0 });
    const taken = take(bucket, 10, 3, 0);
    expect(taken.kind === "taken" && stateOf(taken.bucket, 10)).toEqual({
      limit: 10,
      remaining: 7,
      resetMs: 18_000,
    });
  });
});
