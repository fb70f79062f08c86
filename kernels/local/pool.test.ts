/** The queue before the network: first come, first served, and what is cancelled never runs. */
import { expect, it } from "vitest";
import { models, weights } from "./asking.ts";
import { type Model, readModel } from "./model.ts";
import { Pool } from "./pool.ts";

/** A whole picture of token 0. */
const emptyOf = ({ schedule }: Model) => ({
  tokens: new BigInt64Array(schedule.bounds.at(-1)!),
  kept: new Float32Array(schedule.bounds.length - 1).fill(1),
});

it("drops a run that is cancelled while it waits, serves the others, and fails all once closed", async () => {
  const model = await readModel(weights);
  const pool = await Pool.open([model], 1);
  const input = emptyOf(model);
  const caller = new AbortController();
  const served: string[] = [];
  const run = (name: string, signal: AbortSignal) =>
    pool.decode(model, input, signal).then(() => served.push(name));
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

it("runs every model in every thread, also in one that has to load it first", async () => {
  const patient = new AbortController().signal;
  const all = models.map(([, model]) => model);
  const pool = await Pool.open(all, 2);
  // As many of each at once as there are threads: one of them is of a thread that had another model.
  const twice = all.flatMap((model) => [model, model]);
  const together = await Promise.all(twice.map((model) => pool.decode(model, emptyOf(model), patient)));
  await pool.close();
  const alone = new Map<string, unknown>();
  for (const model of all) {
    const own = await Pool.open([model], 1);
    alone.set(model.id, (await own.decode(model, emptyOf(model), patient)).output);
    await own.close();
  }
  for (const [i, model] of twice.entries()) expect(together[i]!.output).toEqual(alone.get(model.id));
});
