/** Ways to make pictures worse, by which `npm run eval -- --prove` shows that the check notices. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type DrawBatch, drawBatch, requestOf } from "./draw.ts";
import { folderOf } from "./reference.ts";
import type { ServedModel } from "./service.ts";
import type { Sampling } from "./settings.ts";

export interface Spoiling {
  readonly name: string;
  /** Fields that every request gets over its own. */
  readonly over?: Sampling;
  readonly draw?: DrawBatch;
  /** A folder of worse weights for the endpoint. */
  readonly weights?: () => string;
}

/** The first is none at all, and must pass. */
export function spoilingsOf({ id, classes = [], schedules }: ServedModel): Spoiling[] {
  const steps = schedules[0]!.steps.length;
  const noisy = (file: string, share: number): Spoiling => ({
    name: `${file}: noise of ${share * 100}% in every weight`,
    weights: () => noisyWeights(id, `${file}.safetensors`, share),
  });
  return [
    { name: "nothing" },
    { name: "another class than was asked for", draw: drawOtherClass(classes) },
    {
      name: `the last scale left out (preview after step ${steps - 1} of ${steps})`,
      draw: drawCoarse(steps - 1),
    },
    { name: "temperature 2", over: { temperature: 2, top_p: 1 } },
    { name: "temperature 1.2, nothing cut", over: { temperature: 1.2, top_p: 1 } },
    noisy("transformer", 0.2),
    noisy("transformer", 0.1),
    noisy("transformer", 0.05),
    noisy("tokenizer", 0.1),
    noisy("tokenizer", 0.05),
    {
      name: `the last two scales left out (preview after step ${steps - 2} of ${steps})`,
      draw: drawCoarse(steps - 2),
    },
  ];
}

/** The next class's pictures in place of each class's. */
function drawOtherClass(classes: readonly string[]): DrawBatch {
  return (service, model, batch) =>
    drawBatch(service, model, { ...batch, prompt: classes[(batch.label + 1) % classes.length]! });
}

/** What is read of a preview. */
interface Preview {
  readonly type: string;
  readonly b64_json?: string;
  readonly image_index?: number;
  /** The step after which it was made, from 0. */
  readonly step?: number;
}

/** The pictures as they stood after so many steps. */
function drawCoarse(steps: number): DrawBatch {
  return async ({ client }, model, batch) => {
    const asked = {
      ...requestOf(model, batch),
      stream: true as const,
      partial_images: model.schedules[0]!.steps.length,
    };
    const pictures: Uint8Array[] = [];
    for await (const event of (await client.images.generate(asked)) as AsyncIterable<Preview>) {
      if (event.type !== "image_generation.partial_image" || event.step !== steps - 1) continue;
      pictures[event.image_index!] = Buffer.from(event.b64_json!, "base64");
    }
    if (pictures.filter(Boolean).length !== batch.n)
      throw new Error(`previews of ${pictures.length} pictures`);
    return { pictures, numerics: [] };
  };
}

/** A copy of a model's folder in which a file's weights have noise of that share of their tensor's root mean square. */
function noisyWeights(model: string, file: string, share: number): string {
  const folder = mkdtempSync(join(tmpdir(), "vpg-noisy-"));
  cpSync(dirname(folderOf(model)), folder, { recursive: true });
  const path = join(folder, file);
  const bytes = new Uint8Array(readFileSync(path));
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Record<string, Entry>;
  for (const [i, [name, entry]] of Object.entries(header).entries()) {
    if (name === "__metadata__") continue;
    if (entry.dtype !== "F16") throw new Error(`${file}: ${name} is ${entry.dtype}, not F16`);
    const [begin, end] = entry.data_offsets;
    const values = new Float16Array(bytes.slice(start + begin, start + end).buffer);
    bytes.set(new Uint8Array(withNoise(values, share, i).buffer), start + begin);
  }
  writeFileSync(path, bytes);
  return folder;
}

interface Entry {
  readonly dtype: string;
  readonly data_offsets: readonly [number, number];
}

/** Normal noise, the same at every run. */
function withNoise(values: Float16Array<ArrayBuffer>, share: number, key: number): Float16Array<ArrayBuffer> {
  const size = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  let state = (key + 1) * 0x9e3779b9;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return values.map((value) => {
    const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return value + share * size * normal;
  });
}
