/** The small states beside the breaker: rest, pressure, budget, expected times. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Budget, credited, fullBudget, refilled, spent } from "./budget.ts";
import { type Expected, faded, medianOf, observed, timeAtMost } from "./expected.ts";
import { afterTrouble, pressureAt, relaxed } from "./pressure.ts";
import { afterAnswer, afterCold, awake, knock, knockLeft, restOf } from "./rest.ts";
import { afterCall, ordinary, slownessAt } from "./slowness.ts";

const at = 1_000_000;

describe("a cold endpoint", () => {
  it("rests for twice as long each time it is found cold, half a minute at most", () => {
    let [rest, now] = [awake, at];
    const times: number[] = [];
    for (let i = 0; i < 7; i++) {
      rest = afterCold(rest, null, now);
      times.push(rest.until - now);
      now = rest.until;
    }
    expect(times).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("rests for as long as it asks, and no longer because many found it so at once", () => {
    const rest = afterCold(awake, 7_000, at);
    expect(rest.until).toBe(at + 7_000);
    const many = afterCold(afterCold(rest, null, at + 5), 7_000, at + 10);
    expect(many).toMatchObject({ until: at + 7_010, times: 1 });
  });

  it("never rests shorter by what it asks for than it would without", () => {
    let [rest, now] = [awake, at];
    const times: number[] = [];
    for (let i = 0; i < 7; i++) {
      rest = afterCold(rest, 0, now);
      times.push(rest.until - now);
      now = rest.until;
    }
    expect(times).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("is knocked at by one call when its rest is over, and is awake when that is answered", () => {
    const rest = afterCold(awake, null, at);
    expect(restOf(rest, at + 999)).toBe("resting");
    expect(restOf(rest, at + 1_000)).toBe("knockable");
    const knocking = knock(rest, at + 9_000);
    expect(restOf(knocking, at + 2_000)).toBe("resting");
    expect(restOf(knocking, at + 9_000)).toBe("knockable");
    expect(restOf(knockLeft(knocking), at + 2_000)).toBe("knockable");
    expect(restOf(afterAnswer(knocking, at + 1_000, at + 2_000), at + 2_000)).toBe("awake");
    expect(afterAnswer(rest, at - 1, at + 1)).toBe(rest);
  });
});

describe("pressure", () => {
  it("comes near 1 by overloads in a row and fades by half in five seconds", () => {
    const once = afterTrouble(relaxed, at);
    expect(pressureAt(once, at)).toBe(0.5);
    expect(pressureAt(once, at + 5_000)).toBe(0.25);
    const four = [1, 2, 3].reduce((pressure) => afterTrouble(pressure, at), once);
    expect(pressureAt(four, at)).toBeGreaterThan(0.9);
    expect(pressureAt(four, at)).toBeLessThan(1);
  });
});

describe("the retry budget", () => {
  it("gives twenty at once, then one a second, each after the one before", () => {
    let budget = fullBudget(at);
    const waits = Array.from({ length: 23 }, () => {
      const next = spent(budget, at);
      budget = next.budget;
      return next.waitMs;
    });
    expect(waits).toEqual([...Array(20).fill(0), 1_000, 2_000, 3_000]);
    expect(spent(budget, at + 4_000).waitMs).toBe(0);
  });

  it("never holds more than its cap, and lets no more retries through than came in", () => {
    const event = fc.record({ ms: fc.integer({ min: 0, max: 3_000 }), isRetry: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        let budget: Budget = fullBudget(at);
        let [now, successes, through] = [at, 0, 0];
        for (const { ms, isRetry } of events) {
          now += ms;
          if (isRetry) {
            const next = spent(budget, now);
            budget = next.budget;
            if (next.waitMs === 0) through++;
          } else {
            successes++;
            budget = credited(budget, 0.2, now);
          }
          expect(refilled(budget, now).tokens).toBeLessThanOrEqual(20);
        }
        expect(through).toBeLessThanOrEqual(20 + (now - at) / 1_000 + 0.2 * successes + 1e-6);
      }),
    );
  });
});

describe("an expected time", () => {
  const sample = (ms: number, load = 1, pictures = 1) => ({
    ...{ ms, load, pictures },
    work: { deviceMs: ms / 2, bytes: 100 * pictures },
  });
  const seen = (...samples: number[]) =>
    samples.reduce<Expected | undefined>((known, ms) => observed(known, sample(ms), at), undefined)!;

  it("rises fast and falls slowly", () => {
    expect(seen(100).ms).toBe(100);
    expect(seen(100, 200).ms).toBe(150);
    expect(seen(100, 50).ms).toBe(95);
  });

  it("is of one picture", () => {
    expect(observed(undefined, sample(300, 1, 3), at)).toMatchObject({ ms: 100, deviceMs: 50, bytes: 100 });
  });

  it("is not six times over what it was, however long a call was waited for that never ended", () => {
    expect(observed(seen(100), { ms: 55_000, load: 1, pictures: 1 }, at).ms).toBe(350);
  });

  it("counts a fault's time and leaves the work as it was", () => {
    expect(observed(seen(100), { ms: 600, load: 1, pictures: 1 }, at)).toMatchObject({
      ms: 350,
      deviceMs: 50,
    });
  });

  it("grows with the load, and is no less than what was seen where patience hangs on it", () => {
    const under4 = observed(undefined, sample(400, 4), at);
    expect(timeAtMost(under4, 1, 8)).toBe(800);
    expect(timeAtMost(under4, 2, 1)).toBe(800);
  });

  it("lies between what it was and what was seen", () => {
    const ms = fc.double({ min: 1, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(ms, { minLength: 1 }), ms, (before, next) => {
        const known = seen(...before);
        const after = observed(known, sample(next), at);
        expect(after.ms).toBeGreaterThanOrEqual(Math.min(known.ms, next) - 1e-6);
        expect(after.ms).toBeLessThanOrEqual(Math.max(known.ms, next) + 1e-6);
      }),
    );
  });

  it("comes back to what is usual while nothing is seen, by half in ten seconds", () => {
    const unusual = observed(seen(...Array(50).fill(100)), sample(1_100), at);
    expect(unusual.ms).toBe(600);
    expect(unusual.usualMs).toBe(120);
    expect(faded(unusual, at + 10_000).ms).toBe(360);
    expect(faded(seen(100, 50), at + 10_000).ms).toBe(95);
  });

  it("of a class is the middle one", () => {
    expect(medianOf([seen(10), seen(1_000), seen(30)])?.ms).toBe(30);
    expect(medianOf([])).toBeNull();
  });
});

describe("slowness", () => {
  it("rises fast and falls slowly, and is forgotten by half in ten seconds", () => {
    const slow = afterCall(ordinary, 300, 100, at);
    expect(slow.value).toBe(2);
    expect(afterCall(slow, 100, 100, at).value).toBeCloseTo(1.9);
    expect(slownessAt(slow, at + 10_000)).toBe(1.5);
  });

  it("and what a call takes stay numbers above 0, whatever a clock makes of the times", () => {
    const ms = fc.oneof(fc.constant(0), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(fc.array(fc.tuple(ms, ms), { minLength: 1 }), (calls) => {
        let [slow, known]: [typeof ordinary, Expected | undefined] = [ordinary, undefined];
        for (const [own, ofClass] of calls) {
          slow = afterCall(slow, own, ofClass, at);
          known = observed(known, { ms: own, load: 1, pictures: 3 }, at);
          expect(slownessAt(slow, at)).toBeGreaterThan(0);
          expect(slow.typicalMs).toBeGreaterThanOrEqual(0);
          expect(known.ms).toBeGreaterThan(0);
          expect(known.usualMs).toBeGreaterThan(0);
          expect(Object.values({ ...slow, ...known }).filter((value) => !(value < Infinity))).toEqual([]);
        }
      }),
    );
  });

  it("hears little from calls that are short, and mostly wait", () => {
    const slow = afterCall(afterCall(ordinary, 100, 100, at), 50, 5, at);
    expect(slow.value).toBeLessThan(1.4);
    expect(slow.value).toBeGreaterThan(1);
  });
});
