import fc from "fast-check";
import { expect, it } from "vitest";
import { mergeShared, nothingShared, type SharedFleet, untilNow } from "./shared.ts";

const at = fc.integer({ min: 0, max: 5 });
const small = fc.integer({ min: 0, max: 3 });
const name = fc.constantFrom("a", "b", "constructor");
const endpoint = fc.record(
  {
    breaker: fc.record({ open: fc.boolean(), until: small, openings: small, at }),
    slowness: fc.record({ value: small, typicalMs: small, at }),
    rest: fc.record({ until: small, times: small, at }),
    expected: fc.dictionary(
      name,
      fc.record({
        ms: small,
        load: small,
        deviceMs: small,
        bytes: small,
        usualMs: small,
        worked: fc.array(small),
        workedAt: small,
        at,
      }),
    ),
  },
  { requiredKeys: [] },
);
const cost = fc.record({ second: small, gigabyte: small });
const provider = fc.record(
  {
    drain: fc.record({ drained: fc.boolean(), at }),
    price: fc.record({ price: fc.option(cost), base: cost, at }),
  },
  { requiredKeys: [] },
);
const fleet: fc.Arbitrary<SharedFleet> = fc.record({
  endpoints: fc.dictionary(name, endpoint),
  providers: fc.dictionary(name, provider),
});

it("comes out the same in whatever order states are merged", () => {
  fc.assert(
    fc.property(fleet, fleet, fleet, (a, b, c) => {
      expect(mergeShared(a, b)).toEqual(mergeShared(b, a));
      expect(mergeShared(mergeShared(a, b), c)).toEqual(mergeShared(a, mergeShared(b, c)));
    }),
  );
});

it("changes nothing when a state is merged again, or nothing is", () => {
  fc.assert(
    fc.property(fleet, fleet, (a, b) => {
      const both = mergeShared(a, b);
      expect(mergeShared(both, a)).toEqual(both);
      expect(mergeShared(a, a)).toEqual(a);
      expect(mergeShared(a, nothingShared)).toEqual(a);
    }),
  );
});

it("keeps of each state the newest", () => {
  const of = (time: number, open: boolean): SharedFleet => ({
    endpoints: { x: { breaker: { open, until: 9, openings: 1, at: time } } },
    providers: { p: { drain: { drained: open, at: 10 - time } } },
  });
  expect(mergeShared(of(1, false), of(2, true))).toEqual({
    endpoints: { x: { breaker: { open: true, until: 9, openings: 1, at: 2 } } },
    providers: { p: { drain: { drained: false, at: 9 } } },
  });
});

it("holds nothing to be newer than now, and changes nothing else", () => {
  const times = (shared: SharedFleet) =>
    JSON.stringify(shared)
      .match(/"at":\d+/g)
      ?.map((text) => Number(text.slice(5)))
      .sort() ?? [];
  fc.assert(
    fc.property(fleet, at, (shared, now) => {
      expect(times(untilNow(shared, now))).toEqual(
        times(shared)
          .map((time) => Math.min(time, now))
          .sort(),
      );
      expect(untilNow(shared, 5)).toEqual(shared);
    }),
  );
});
