/** Leaving an iterator closes its source, whatever the iterator was doing. */
import { expect, test } from "vitest";
import { leavable } from "./leave.ts";

/** Three values, the last of which never comes unless the source is closed. */
function source() {
  const closed = Promise.withResolvers<void>();
  let times = 0;
  async function* values() {
    yield 1;
    yield 2;
    await closed.promise;
  }
  const leave = () => {
    times++;
    closed.resolve();
  };
  return { values: leavable(values(), leave), times: () => times };
}

test("breaking out of a loop leaves", async () => {
  const { values, times } = source();
  for await (const _ of values) break;
  expect(times()).toBe(1);
});

test("returning before the first value leaves", async () => {
  const { values, times } = source();
  expect(await values.return?.()).toEqual({ done: true, value: undefined });
  expect(times()).toBe(1);
  expect(await values.next()).toEqual({ done: true, value: undefined });
});

test("returning while a value is awaited leaves at once", async () => {
  const { values, times } = source();
  await values.next();
  await values.next();
  const pending = values.next();
  await values.return?.();
  expect(times()).toBe(1);
  expect(await pending).toEqual({ done: true, value: undefined });
});

test("reading to the end does not leave", async () => {
  let left = false;
  async function* two() {
    yield 1;
    yield 2;
  }
  const seen: number[] = [];
  for await (const value of leavable(two(), () => {
    left = true;
  }))
    seen.push(value);
  expect(seen).toEqual([1, 2]);
  expect(left).toBe(false);
});
