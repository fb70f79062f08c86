/** Figures that a model's pictures had when they were recorded, the noise over seeds, and what is worse than that allows. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { COLUMNS, type Figures } from "./measure.ts";
import { folderOf } from "./reference.ts";
import type { MeasuredSet } from "./sets.ts";
import { deviation, mean } from "./spread.ts";

/** Standard deviations between the mean and the limit: by Student's t of nine degrees one set in 600 lies beyond. */
const DEVIATIONS = 4;
/** The least margin of a share: three pictures of 300. */
const LEAST_SHARE = 0.01;
const SHARES = new Set(["errors", "precision", "recall"]);

const expectedSchema = z.object({
  revision: z.string(),
  /** Pictures of a set. */
  pictures: z.int(),
  /** Sets that the means and deviations are of. */
  sets: z.int().min(2),
  settings: z.record(
    z.string(),
    z.object({
      request: z.record(z.string(), z.unknown()),
      figures: z.record(z.string(), z.object({ mean: z.number(), deviation: z.number(), limit: z.number() })),
    }),
  ),
});

export type Expected = z.infer<typeof expectedSchema>;

const fileOf = (model: string) => join(folderOf(model), "expected.json");

export function isRecorded(model: string): boolean {
  return existsSync(fileOf(model));
}

export async function readExpected(model: string): Promise<Expected> {
  return expectedSchema.parse(JSON.parse(await readFile(fileOf(model), "utf8")));
}

export async function writeExpected(model: string, expected: Expected): Promise<string> {
  await writeFile(fileOf(model), `${JSON.stringify(expected, null, 2)}\n`);
  return fileOf(model);
}

/** What sets of several seeds say of a model's figures. */
export function expectedOf(revision: string, pictures: number, measured: readonly MeasuredSet[]): Expected {
  const labels = [...new Set(measured.map(({ setting }) => setting.label))];
  const sets = new Set(measured.map(({ set }) => set)).size;
  const settings = labels.map((label) => {
    const own = measured.filter(({ setting }) => setting.label === label);
    const figures = Object.keys(COLUMNS).map((key) => [
      key,
      limited(
        key,
        own.map((one) => one.figures[key]!),
      ),
    ]);
    return [label, { request: own[0]!.setting.request, figures: Object.fromEntries(figures) }];
  });
  return { revision, pictures, sets, settings: Object.fromEntries(settings) };
}

function limited(key: string, values: readonly number[]) {
  const spread = deviation(values);
  const margin = Math.max(DEVIATIONS * spread, SHARES.has(key) ? LEAST_SHARE : 0);
  const middle = mean(values);
  const limit = COLUMNS[key]!.better === "lower" ? middle + margin : middle - margin;
  return { mean: rounded(middle), deviation: rounded(spread), limit: rounded(limit) };
}

const rounded = (value: number) => Number(value.toPrecision(6));

/** A figure against its limit. */
export interface Held {
  readonly setting: string;
  readonly key: string;
  readonly value: number;
  readonly mean: number;
  readonly limit: number;
  readonly worse: boolean;
}

/** @throws when a setting was not recorded */
export function hold(expected: Expected, setting: string, figures: Figures): Held[] {
  const recorded = expected.settings[setting];
  if (!recorded) throw new Error(`${setting}: not recorded`);
  return Object.entries(recorded.figures).map(([key, { mean, limit }]) => {
    const value = figures[key]!;
    const worse = COLUMNS[key]!.better === "lower" ? value > limit : value < limit;
    return { setting, key, value, mean, limit, worse };
  });
}
