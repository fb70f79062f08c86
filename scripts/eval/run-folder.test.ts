import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DrawBatch, drawAll } from "./draw.ts";
import { RunFolder } from "./run-folder.ts";
import type { ServedModel, Service } from "./service.ts";
import { batchesOf, quickPlan } from "./settings.ts";

const model: ServedModel = {
  id: "small",
  revision: "1".repeat(64),
  classes: ["cat", "dog"],
  max_n: 10,
  schedules: [],
  defaults: { guidance_scale: 1.5, vpg: { scale: 0 } },
};
const plan = { ...quickPlan(model), sets: 2, size: 30 };
const service = {} as Service;
let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "vpg-run-"));
});
afterEach(() => rmSync(path, { recursive: true }));

/** Draws until so many requests are done, and then is killed. */
function dyingAfter(count: number, drawn: string[]): DrawBatch {
  return async (_, __, { prompt, seed, n, setting }) => {
    if (drawn.length === count) throw new Error("killed");
    drawn.push(`${setting.label} ${prompt} ${seed}`);
    return { pictures: Array.from({ length: n }, () => Uint8Array.of(seed % 256)), numerics: ["tests"] };
  };
}

describe("a run on disk", () => {
  it("has as many pictures of each class in each set, and the same seeds under every setting", () => {
    const batches = batchesOf(plan, model);
    expect(batches).toHaveLength(2 * 4 * 2 * 2);
    const seedsOf = (label: string) =>
      batches.filter(({ setting }) => setting.label === label).map(({ seed, n }) => [seed, n]);
    const [first, ...others] = plan.settings.map(({ label }) => seedsOf(label));
    expect(new Set(first!.map(([seed]) => seed)).size).toBe(first!.length);
    expect(first!.reduce((sum, [, n]) => sum + n!, 0)).toBe(60);
    for (const other of others) expect(other).toEqual(first);
  });

  it("goes on after a kill with what is missing, and with nothing twice", async () => {
    const batches = batchesOf(plan, model);
    const before: string[] = [];
    const dying = drawAll(new RunFolder(path), service, model, batches, dyingAfter(5, before));
    await expect(dying).rejects.toThrow("killed");
    appendFileSync(join(path, "pictures.jsonl"), '{"model": "sma');
    const after: string[] = [];
    await drawAll(new RunFolder(path), service, model, batches, dyingAfter(1000, after));
    expect(new Set([...before, ...after]).size).toBe(batches.length);
    expect(before.length + after.length).toBe(batches.length);
    const lines = new RunFolder(path).drawn();
    expect(lines).toHaveLength(batches.length);
    expect(
      lines.flatMap(({ files }) => files).map((file) => new RunFolder(path).picture(file).length),
    ).toEqual(Array.from({ length: 240 }, () => 1));
  });

  it("draws again for other weights", async () => {
    const batches = batchesOf({ ...plan, sets: 1 }, model);
    const drawn: string[] = [];
    await drawAll(new RunFolder(path), service, model, batches, dyingAfter(1000, drawn));
    await drawAll(
      new RunFolder(path),
      service,
      { ...model, revision: "2".repeat(64) },
      batches,
      dyingAfter(1000, drawn),
    );
    expect(drawn).toHaveLength(2 * batches.length);
  });
});
