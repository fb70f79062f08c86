/** Counts of several isolates sum to what happened, in whatever pieces they are told. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { added, since, type Tally } from "./counted.ts";

const count = fc.integer({ min: 0, max: 1_000 });
const tally: fc.Arbitrary<Tally> = fc.dictionary(
  fc.constantFrom("a/m", "b/m"),
  fc.record({
    asked: count,
    faults: fc.dictionary(fc.constantFrom("cold", "corrupt", "timeout"), count),
  }),
);

it("adds up whatever the pieces are, and in whatever order", () => {
  fc.assert(
    fc.property(tally, tally, tally, (a, b, c) => {
      expect(added(added(a, b), c)).toEqual(added(a, added(c, b)));
    }),
  );
});

it("tells what came since, which added to the rest is the whole", () => {
  fc.assert(
    fc.property(tally, tally, (before, more) => {
      const now = added(before, more);
      expect(added(before, since(now, before))).toEqual(now);
    }),
  );
});
