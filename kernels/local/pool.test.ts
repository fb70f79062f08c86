/** The queue before the network: first come, first served, and what is cancelled never runs. */
import { expect, it } from "vitest";
import { weights } from "./asking.ts";
import { readModel } from "./model.ts";
import { Pool } from "./pool.ts";

it("drops a run that is cancelled while it waits, serves the others, and fails all once closed", async () => {
  const model = await readModel(weights);
  const pool = await Pool.open(model, 1);
  const input = {
    tokens: new BigInt64Array(model.schedule.bounds.at(-1)!),
    kept: new Float32Array(model.schedule.bounds.length - 1).fill(1),
  };
  const caller = new AbortController();
  const served: string[] = [];
  const run = (name: string, signal: AbortSignal) => pool.decode(input, signal).then(() => served.push(name));
  const patient = new AbortController().signal;
  const first = run("first", patient);
  const left = run("left", caller.signal);
  const last = run("last", patient);
  caller.abort(new Error("the caller left"));
  await expect(left).rejects.toThrow("the caller left");
  await Promise.all([first, last]);
  expect(served).toEqual(["first", "last"]);
  expect(pool.ready).toBe(true);
  const late = run("late", patient);
  const ended = pool.close();
  await expect(late).rejects.toThrow("closed");
  await ended;
  expect(pool.ready).toBe(false);
  await expect(run("after", patient)).rejects.toThrow("closed");
});
