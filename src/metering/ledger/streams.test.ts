import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Streams } from "./streams.ts";

const MINUTE = 60_000;

describe("open streams", () => {
  it("are as many a key as it may have, and others' do not count", () => {
    const streams = new Streams();
    expect([1, 2, 3].map((i) => streams.open("a", `s${i}`, 2, 0))).toEqual([true, true, false]);
    expect(streams.open("b", "s3", 2, 0)).toBe(true);
    streams.close("a", "s1");
    expect(streams.open("a", "s3", 2, 0)).toBe(true);
  });

  it("live as long as they are renewed, and die a minute after", () => {
    const streams = new Streams();
    streams.open("a", "s1", 1, 0);
    for (let now = 0; now < 5 * MINUTE; now += MINUTE / 3) {
      streams.renew("a", "s1", now);
      expect(streams.open("a", "s2", 1, now + MINUTE / 3 - 1)).toBe(false);
    }
    const last = 5 * MINUTE - MINUTE / 3;
    expect(streams.open("a", "s2", 1, last + MINUTE - 1)).toBe(false);
    expect(streams.open("a", "s2", 1, last + MINUTE)).toBe(true);
  });

  it("are counted again by their renewal when the count was lost", () => {
    const streams = new Streams();
    streams.renew("a", "s1", 0);
    expect(streams.open("a", "s2", 1, 1)).toBe(false);
  });

  it("are never more than the limit, and never fewer than those held and renewed", () => {
    const act = fc.record({
      what: fc.constantFrom("open", "close", "renew all", "wait"),
      stream: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (acts, limit) => {
        const streams = new Streams();
        const held = new Map<string, number>();
        let now = 0;
        for (const { what, stream } of acts) {
          const name = `s${stream}`;
          if (what === "wait") now += MINUTE / 4;
          if (what === "renew all")
            for (const each of held.keys()) {
              streams.renew("a", each, now);
              held.set(each, now + MINUTE);
            }
          if (what === "close") {
            streams.close("a", name);
            held.delete(name);
          }
          for (const [each, until] of held) if (until <= now) held.delete(each);
          if (what === "open") {
            const fits = held.has(name) || held.size < limit;
            expect(streams.open("a", name, limit, now)).toBe(fits);
            if (fits) held.set(name, now + MINUTE);
          }
          expect(streams.count("a", now)).toBe(held.size);
        }
      }),
    );
  });
});
