/** Who the served model is: what its export wrote into `model.json`, checked. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const natural = z.int().min(1);
const fileName = z.string().regex(/^[\w.-]+$/);

const modelSchema = z.object({
  id: z.string().min(1),
  /** SHA-256 of the checkpoint joined with the schedule table (kernels/gpu/sprites/export.py, `revision`). */
  revision: z.string().regex(/^[0-9a-f]{64}$/),
  /** Codebook size. */
  vocabulary: natural.max(65536),
  classes: z.array(z.string()).min(1),
  schedules: z
    .array(
      z.object({
        name: z.string().min(1),
        size: z.string(),
        steps: z.array(z.object({ t: natural, h: natural, w: natural })).min(1),
      }),
    )
    .length(1),
  /** A step's keys (and values): [blocks, 1, heads, L_k, width]. */
  state: z.object({ blocks: natural, heads: natural, width: natural }),
  files: z.object({ step: fileName, decode: fileName, weights: z.array(fileName) }),
});

/** One step schedule, as lengths and places in the sequence. */
export interface Schedule {
  readonly name: string;
  /** Where each step begins, and the whole length at the end. */
  readonly bounds: readonly number[];
}

export interface Model extends z.infer<typeof modelSchema> {
  /** The folder it was read from. */
  readonly folder: string;
  /** The one schedule it was trained on. */
  readonly schedule: Schedule;
}

/**
 * @param folder the export's folder
 * @returns the model it describes
 * @throws when there is none or it is not as the export writes it
 */
export async function readModel(folder: string): Promise<Model> {
  const described = modelSchema.parse(JSON.parse(await readFile(join(folder, "model.json"), "utf8")));
  const { name, steps } = described.schedules[0]!;
  const bounds = [0];
  for (const { t, h, w } of steps) bounds.push(bounds.at(-1)! + t * h * w);
  return { ...described, folder, schedule: { name, bounds } };
}

/** L_k: tokens of step k. */
export function stepLength(schedule: Schedule, k: number): number {
  return schedule.bounds[k + 1]! - schedule.bounds[k]!;
}

/** K. */
export function stepCount(schedule: Schedule): number {
  return schedule.bounds.length - 1;
}
