/** What kernels/weights/MODEL/evaluation/reference.json says of real pictures (kernels/gpu/evaluation/reference.py). */
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const weights = fileURLToPath(new URL("../../kernels/weights", import.meta.url));

const bytes = z.base64().transform((text) => new Uint8Array(Buffer.from(text, "base64")).buffer);
const doubles = bytes.transform((buffer) => new Float64Array(buffer));
const statistics = z.object({ width: z.int().min(1), mean: doubles, covariance: doubles });
const figures = z.record(z.string(), z.number());

const referenceSchema = z.object({
  classes: z.array(z.string()).min(1),
  /** Of a picture, in pixels. */
  side: z.int().min(1),
  /** How many the statistics are of. */
  pictures: z.int().min(1),
  features: statistics.extend({
    sample: bytes.transform((buffer) => Float32Array.from(new Float16Array(buffer))),
  }),
  places: statistics,
  /** Of patches of pixels, whitened: each direction's product with the patch less the offset. */
  patches: statistics.extend({
    offset: doubles,
    directions: bytes.transform((buffer) => new Float32Array(buffer)),
    /** In pixels. */
    side: z.int().min(1),
    stride: z.int().min(1),
  }),
  /** By the size of a set: figures of other real pictures, and of their reconstructions. */
  floors: z.record(z.string(), z.object({ real: z.array(figures), reconstructions: z.array(figures) })),
});

export interface Reference extends z.infer<typeof referenceSchema> {
  /** The classifier that looks. */
  readonly judge: string;
}

/** Ids of the models that have a reference. */
export function modelsWithReference(): string[] {
  return readdirSync(weights).filter((id) => existsSync(join(folderOf(id), "reference.json")));
}

/** Where a model's judge, reference and expected figures are. */
export function folderOf(model: string): string {
  return join(weights, model, "evaluation");
}

/** @throws when there is none, or it is not as it is written */
export async function readReference(model: string): Promise<Reference> {
  const folder = folderOf(model);
  const text = await readFile(join(folder, "reference.json"), "utf8");
  return { ...referenceSchema.parse(JSON.parse(text)), judge: join(folder, "judge.onnx") };
}
