/** Figures that a model's pictures had when they were recorded, the noise over seeds, and what is worse than that allows. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { COLUMNS, type Figures } from "./measure.ts";
import { folderOf } from "./reference.ts";
import type { MeasuredSet } from "./sets.ts";
import { deviation, mean } from "./spread.ts";

/** Standard deviations over seeds between the mean and the limit of other weights: one set in some hundred lies beyond. */
const DEVIATIONS = 4;
/**
 * And between what the check's own seeds gave and the limit of the same weights, whose pictures are the same but for
 * arithmetic. Turning VPG on, which redraws far more, moved FDs by 0.2 of a deviation at most (over 8 sets of var-sprites).
 */
const NEAR_DEVIATIONS = 0.6;
/** The least margin of a share: six pictures of 300. */
const LEAST_SHARE = 0.02;
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
      figures: z.record(
        z.string(),
        z.object({
          mean: z.number(),
          deviation: z.number(),
          /** Of other weights. */
          limit: z.number(),
          /** Under the check's own seeds, which are none of the sets. */
          own: z.number(),
          /** Of the same weights. */
          near: z.number(),
        }),
      ),
    }),
  ),
});

export type Expected = z.infer<typeof expectedSchema>;

const fileOf = (model: string) => join(folderOf(model), "expected.json");

/** Whether there are figures to hold a model's pictures to. */
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

/**
 * What sets of several seeds say of a model's figures.
 * @param measured sets 0, the check's own, and more.
 */
export function expectedOf(revision: string, pictures: number, measured: readonly MeasuredSet[]): Expected {
  const labels = [...new Set(measured.map(({ setting }) => setting.label))];
  const sets = new Set(measured.map(({ set }) => set).filter((set) => set > 0)).size;
  const settings = labels.map((label) => {
    const lines = measured.filter(({ setting }) => setting.label === label);
    const own = lines.find(({ set }) => set === 0)!;
    const others = lines.filter(({ set }) => set > 0);
    const figures = Object.keys(COLUMNS).map((key) => {
      const values = others.map((one) => one.figures[key]!);
      return [key, limited(key, own.figures[key]!, values)];
    });
    return [label, { request: own.setting.request, figures: Object.fromEntries(figures) }];
  });
  return { revision, pictures, sets, settings: Object.fromEntries(settings) };
}

function limited(key: string, own: number, values: readonly number[]) {
  const spread = deviation(values);
  const least = SHARES.has(key) ? LEAST_SHARE : 0;
  const worse = COLUMNS[key]!.better === "lower" ? 1 : -1;
  const beyond = (from: number, deviations: number) =>
    rounded(from + worse * Math.max(deviations * spread, least));
  const middle = mean(values);
  return {
    mean: rounded(middle),
    deviation: rounded(spread),
    limit: beyond(middle, DEVIATIONS),
    own: rounded(own),
    near: beyond(own, NEAR_DEVIATIONS),
  };
}

const rounded = (value: number) => Number(value.toPrecision(6));

/** A figure against its limit. */
export interface Held {
  readonly setting: string;
  readonly key: string;
  readonly value: number;
  readonly usual: number;
  readonly limit: number;
  readonly worse: boolean;
}

/**
 * The same weights to what the same seeds gave, others to the noise over seeds.
 * @throws when a setting was not recorded
 */
export function hold(expected: Expected, revision: string, setting: string, figures: Figures): Held[] {
  const recorded = expected.settings[setting];
  if (!recorded) throw new Error(`${setting}: not recorded`);
  const same = revision === expected.revision;
  return Object.entries(recorded.figures).map(([key, kept]) => {
    const [usual, limit] = same ? [kept.own, kept.near] : [kept.mean, kept.limit];
    const value = figures[key]!;
    const worse = COLUMNS[key]!.better === "lower" ? value > limit : value < limit;
    return { setting, key, value, usual, limit, worse };
  });
}
