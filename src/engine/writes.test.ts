import fc from "fast-check";
import { expect, it } from "vitest";
import { Writes } from "./writes.ts";

/** A moment that ends when it is told to. */
function moments() {
  const ends: (() => void)[] = [];
  return { later: () => new Promise<void>((end) => void ends.push(end)), ends };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

it("writes nothing before the moment is over, and then all that was drawn meanwhile, in order", async () => {
  const { later, ends } = moments();
  const writes = new Writes(later);
  const written: number[] = [];
  for (const k of [0, 1, 2]) writes.add(() => written.push(k));
  await settled();
  expect([written, ends.length]).toEqual([[], 1]);
  ends[0]!();
  await settled();
  expect(written).toEqual([0, 1, 2]);
  writes.add(() => written.push(3));
  expect(ends).toHaveLength(2);
});

it("writes each once and in order, whenever a moment ends or all is wanted at once", async () => {
  const acts = fc.array(fc.constantFrom("add", "end", "now"), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(acts, async (story) => {
      const { later, ends } = moments();
      const writes = new Writes(later);
      const written: number[] = [];
      let added = 0;
      for (const act of story) {
        const k = added;
        if (act === "add") writes.add(() => written.push(k));
        if (act === "add") added++;
        if (act === "now") writes.now();
        if (act === "end") ends.shift()?.();
        await Promise.resolve();
      }
      writes.now();
      for (const end of ends) end();
      await settled();
      expect(written).toEqual(Array.from({ length: added }, (_, k) => k));
    }),
    { numRuns: 200 },
  );
});

it("says at the next occasion what a write has thrown, and writes no more", async () => {
  const { later, ends } = moments();
  const writes = new Writes(later);
  const written: number[] = [];
  const taken = new Error("taken over");
  writes.add(() => {
    throw taken;
  });
  writes.add(() => written.push(1));
  ends[0]!();
  await settled();
  expect(() => writes.check()).toThrow(taken);
  expect(() => writes.now()).toThrow(taken);
  expect(written).toEqual([]);
});
