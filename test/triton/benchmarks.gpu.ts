/** What kernels/gpu/benchmarks makes for a scorer is what the engine makes on a real Triton server, byte for byte. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StepSource } from "../../adapters/contract.ts";
import { triton } from "../../adapters/triton.ts";
import { weights } from "../../kernels/local/asking.ts";
import { catalogue, type Model } from "../../src/catalogue/index.ts";
import { seedPictures } from "../../src/engine/seeds.ts";
import { makePlan, type PlanRequest } from "../../src/plan/plan.ts";
import { draw } from "../routing/drawing.ts";
import { startTriton, type TritonServer } from "./server.ts";
import { layOutSmallModels, python, type SmallModels } from "./small-served.ts";

const numerics = "small/test";
const exact = ["--rule", "exact", "--dtype", "float32", "--device", "cpu"];
const servers: TritonServer[] = [];
let small: SmallModels;
let source: StepSource;
let sprites: StepSource;

async function sourceOf(settings: Readonly<Record<string, string>>): Promise<StepSource> {
  const server = await startTriton({ numerics, patience: "280", ...settings });
  servers.push(server);
  return triton({ name: "triton", url: server.url, region: null, numerics });
}

beforeAll(async () => {
  small = await layOutSmallModels(["infinity", "infinitystar"]);
  // One after the other: the first start of all lays the server out.
  source = await sourceOf({ repository: small.repository });
  sprites = await sourceOf({});
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await small?.remove();
});

/** The files of a request, as a user gets them. */
async function filesOf(from: StepSource, model: Model, asked: Partial<PlanRequest>): Promise<Buffer[]> {
  const plain = { n: 1, size: "auto", format: model.formats[0]!, partialImages: 0, prompt: "", seed: 0 };
  const plan = makePlan({ ...plain, ...asked }, model, seedPictures);
  const { media } = await draw(plan, from, { now: Date.now }, { id: "gen-benchmark" });
  return media.map((bytes) => Buffer.from(bytes));
}

/** A benchmark's folder, with VPG as given, on the i-th small model. */
async function made(
  benchmark: string,
  i: number,
  file: string,
  text: string,
  ...words: string[]
): Promise<string> {
  const folder = join(dirname(small.repository), benchmark);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, file), text);
  const out = join(folder, "out");
  await python(
    "benchmarks",
    benchmark,
    small.folders[i]!,
    out,
    "--prompts",
    join(folder, file),
    ...exact,
    ...words,
  );
  return out;
}

const vpg = (scale: number, ratio: number) => ({ scale, corruption: { ratio } });

describe("a benchmark's pictures", () => {
  it("of GenEval are those of the prompt's request, without and with VPG", async () => {
    const prompts = ["a photo of a bench", "a photo of a cow"];
    const metadata = prompts
      .map((prompt) => `${JSON.stringify({ tag: "single_object", prompt })}\n`)
      .join("");
    const out = await made("geneval", 0, "metadata.jsonl", metadata, "--vpg-scale", "1", "--seed", "20");
    for (const [side, strength] of [
      ["plain", false],
      ["vpg", vpg(1, 0.1)],
    ] as const) {
      const asked = { prompt: prompts[1]!, n: 4, seed: 21, vpg: strength };
      const files = await filesOf(source, small.models[0]!, asked);
      const samples = files.map((_, j) => join(out, side, "media", "00001", "samples", `0000${j}.png`));
      expect(await Promise.all(samples.map((path) => readFile(path)))).toEqual(files);
    }
  });

  it("of VBench are the request's films", async () => {
    const info = JSON.stringify([{ prompt_en: "a bird and a cat", dimension: ["multiple_objects"] }]);
    const words = ["--vpg-scale", "0.25", "--ratio", "0.05", "--seed", "3", "--side", "vpg"];
    const out = await made("vbench", 1, "info.json", info, ...words);
    const asked = { prompt: "a bird and a cat", n: 2, seed: 3, vpg: vpg(0.25, 0.05) };
    const films = await filesOf(source, small.models[1]!, asked);
    const paths = films.map((_, j) => join(out, "vpg", "media", `a bird and a cat-${j}.mp4`));
    expect(await Promise.all(paths.map((path) => readFile(path)))).toEqual(films);
  });

  it("of ImageNet have the pixels of the class's request", async () => {
    const out = join(dirname(small.repository), "imagenet");
    const words = ["--per-class", "2", "--vpg-scale", "3", "--seed", "7", "--side", "vpg"];
    await python("benchmarks", "imagenet", weights, out, ...exact, ...words);
    const [model] = catalogue;
    const settings = { guidanceScale: 1.5, temperature: 1, topK: 900, topP: 0.96, vpg: vpg(3, 0.1) };
    const files = await filesOf(sprites, model, { prompt: "class:2", n: 2, seed: 9, ...settings });
    const pixels = await Promise.all(files.map((file) => sharp(file).removeAlpha().raw().toBuffer()));
    const array = await readFile(join(out, "vpg", "media", "0002.npy"));
    expect(array.subarray(-2 * 64 * 64 * 3)).toEqual(Buffer.concat(pixels));
  });
});
