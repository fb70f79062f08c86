import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterFault,
  afterSuccess,
  type Breaker,
  closedBreaker,
  phaseOf,
  probe,
  probeLeft,
} from "./breaker.ts";

const at = 1_000_000;
const failed = (breaker: Breaker, now = at, isProbe = false) =>
  afterFault(breaker, "counts", isProbe, now, 0.5);
const opened = failed(failed(failed(closedBreaker)));

describe("the breaker", () => {
  it("opens at the third fault in a row, for about a second", () => {
    expect(phaseOf(failed(failed(closedBreaker)), at)).toBe("closed");
    expect(phaseOf(opened, at)).toBe("open");
    expect(opened.until - at).toBe(1_000);
    expect(phaseOf(opened, at + 999)).toBe("open");
    expect(phaseOf(opened, at + 1_000)).toBe("half-open");
  });

  it("counts faults in a row only", () => {
    const between = afterSuccess(failed(failed(closedBreaker)), at, at);
    expect(phaseOf(failed(failed(between)), at)).toBe("closed");
  });

  it("opens when more than half of at least ten calls within ten seconds failed", () => {
    const calls = (count: number, everyMs: number) => {
      let breaker = closedBreaker;
      for (let i = 0; i < count; i++) {
        const now = at + i * everyMs;
        // Two faults, one success, and so on: never three in a row.
        breaker = i % 3 === 2 ? afterSuccess(breaker, now, now) : failed(breaker, now);
      }
      return breaker.open;
    };
    expect(calls(9, 100)).toBe(false);
    expect(calls(10, 100)).toBe(true);
    expect(calls(30, 2_000)).toBe(false);
  });

  it("opens at once for what no second try would mend", () => {
    expect(afterFault(closedBreaker, "at once", false, at, 0).open).toBe(true);
  });

  it("lets one probe through, and another when that one never came back", () => {
    const probing = probe(opened, at + 3_000);
    expect(phaseOf(probing, at + 2_000)).toBe("probing");
    expect(phaseOf(probing, at + 3_000)).toBe("half-open");
    expect(phaseOf(probeLeft(probing), at + 2_000)).toBe("half-open");
  });

  it("closes when the probe is answered, and opens for twice as long each time it is not", () => {
    expect(phaseOf(afterSuccess(opened, at + 1_000, at + 1_100), at + 1_100)).toBe("closed");
    let [breaker, now] = [opened, at];
    const times: number[] = [];
    for (let i = 0; i < 7; i++) {
      times.push(breaker.until - now);
      now = breaker.until;
      breaker = failed(breaker, now, true);
    }
    expect(times).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it("remembers how often it opened when it opens again soon, and forgets it after a minute", () => {
    const closed = afterSuccess(failed(opened, at + 1_000, true), at + 3_000, at + 3_000);
    const again = (now: number) => failed(failed(failed(closed, now), now), now).until - now;
    expect(again(at + 4_000)).toBe(4_000);
    expect(again(at + 70_000)).toBe(1_000);
  });

  it("hears nothing from calls made before it opened, or in spite of it", () => {
    expect(failed(opened, at + 10)).toBe(opened);
    expect(afterSuccess(opened, at - 1, at + 10)).toBe(opened);
    expect(afterSuccess(opened, at + 5, at + 10).open).toBe(false);
  });

  it("is never open beyond its longest time, whatever happens", () => {
    const event = fc.record({
      ms: fc.integer({ min: 0, max: 20_000 }),
      kind: fc.constantFrom("fault", "at once", "success", "probe fault", "probe", "left"),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        let [breaker, now] = [closedBreaker, at];
        for (const { ms, kind, random } of events) {
          now += ms;
          if (kind === "success") breaker = afterSuccess(breaker, now, now);
          else if (kind === "probe") breaker = probe(breaker, now + 100);
          else if (kind === "left") breaker = probeLeft(breaker);
          else
            breaker = afterFault(
              breaker,
              kind === "at once" ? kind : "counts",
              kind === "probe fault",
              now,
              random,
            );
          expect(breaker.until - now).toBeLessThanOrEqual(30_000);
          expect(breaker.recent.length).toBeLessThanOrEqual(10);
        }
        expect(["closed", "half-open"]).toContain(phaseOf(breaker, now + 30_000));
      }),
    );
  });
});
