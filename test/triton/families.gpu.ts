/** Infinity and InfinityStar on a real Triton server, driven by plan and engine as VAR is: small models, random weights. */
/// <reference lib="esnext.float16" />
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StepSource } from "../../adapters/contract.ts";
import { triton } from "../../adapters/triton.ts";
import { compiledKernel } from "../../kernels/edge/compiled.ts";
import { loadKernel } from "../../kernels/edge/index.ts";
import type { Model } from "../../src/catalogue/index.ts";
import { generate } from "../../src/engine/generate.ts";
import { Prefix, type StepTokens } from "../../src/engine/prefix.ts";
import { stepRequest } from "../../src/engine/request.ts";
import { seedPictures } from "../../src/engine/seeds.ts";
import { makePlan, type Plan, type PlanRequest } from "../../src/plan/plan.ts";
import { never } from "../adapters/failures.ts";
import { gathered } from "../adapters/steps.ts";
import { readMp4 } from "./mp4.ts";
import { startTriton, type TritonServer } from "./server.ts";
import { layOutSmallModels, type SmallModels } from "./small-served.ts";

const families = ["infinity", "infinitystar"] as const;
const numerics = "small/test";
const kernel = loadKernel(compiledKernel());
const servers: TritonServer[] = [];
let small: SmallModels;
/** Keeps keys and values; `cold` keeps nothing, so that every step is replayed. */
let warm: StepSource;
let cold: StepSource;

async function sourceOf(settings: Readonly<Record<string, string>>): Promise<StepSource> {
  const server = await startTriton({ repository: small.repository, numerics, ...settings });
  servers.push(server);
  return triton({ name: "triton", url: server.url, region: null, numerics });
}

beforeAll(async () => {
  small = await layOutSmallModels(families);
  warm = await sourceOf({});
  cold = await sourceOf({ "cache-bytes": "0" });
});
afterAll(async () => {
  const statuses = await Promise.all(servers.map((server) => server.close()));
  await small?.remove();
  expect(statuses).toEqual(servers.map(() => 0));
});

interface Drawn {
  readonly committed: readonly StepTokens[];
  readonly caches: readonly (readonly string[])[];
  readonly previews: readonly Uint8Array[];
  readonly media: readonly Uint8Array[];
}

let generations = 0;

/** A generation of its own from step `from.length` on: nobody has kept anything of it. */
async function draw(source: StepSource, plan: Plan, from: readonly StepTokens[] = []): Promise<Drawn> {
  const committed = [...from];
  const caches: string[][] = [];
  const previews: Uint8Array[] = [];
  const { media } = await generate(
    { id: `gen-${generations++}`, plan, committed: from },
    {
      source,
      kernel,
      now: () => performance.now(),
      later: () => Promise.resolve(),
      commit: (_, tokens, { stats }) => {
        committed.push(tokens);
        caches.push(stats.map(({ cache }) => cache));
      },
      preview: (_, __, pictures) => void previews.push(...pictures),
    },
    never,
  );
  return { committed, caches, previews, media };
}

describe.each(families.map((family, i) => [family, i] as const))("%s", (family, i) => {
  const model = () => small.models[i]!;
  const plan = (asked: Partial<PlanRequest> = {}) =>
    makePlan(
      {
        prompt: "Ein Fuchs 🦊 im Schnee",
        n: 1,
        size: "auto",
        format: model().formats[0]!,
        partialImages: 0,
        seed: 11,
        vpg: { scale: 1, corruption: { ratio: 0.5 } },
        ...asked,
      },
      model(),
      seedPictures,
    );

  it("draws every schedule with VPG and without: tokens of each step's bits, and the picture they say", async () => {
    for (const schedule of model().schedules) {
      const asked = askFor(schedule);
      const [on, off] = [await draw(warm, plan(asked)), await draw(warm, plan({ ...asked, vpg: false }))];
      for (const { committed, media } of [on, off]) {
        expect(committed.map(([tokens]) => tokens!.length)).toEqual(
          schedule.steps.map((step) => step.t * step.h * step.w * bytesOf(step)),
        );
        await checkMedia(media[0]!, schedule);
      }
      expect(on.committed[0]).toEqual(off.committed[0]);
      expect(on.committed.slice(1)).not.toEqual(off.committed.slice(1));
    }
  });

  it("gives the same bytes again, warm, cold, and taken up at any step", async () => {
    const first = await draw(warm, plan());
    expect((await draw(warm, plan())).media).toEqual(first.media);
    const replayed = await draw(cold, plan());
    expect(replayed.committed).toEqual(first.committed);
    expect(replayed.media).toEqual(first.media);
    expect(new Set(replayed.caches.flat())).toEqual(new Set(["miss"]));
    expect(first.caches.at(-1)).toEqual(["hit"]);
    for (let k = 1; k < plan().steps.length; k++) {
      expect((await draw(warm, plan(), first.committed.slice(0, k))).media).toEqual(first.media);
    }
  });

  it("gives each of n pictures alone when asked for its seed", async () => {
    const together = plan({ n: 2 });
    const { media } = await draw(warm, together);
    expect(media[0]).not.toEqual(media[1]);
    for (const [p, { seed }] of together.pictures.entries()) {
      expect((await draw(warm, plan({ seed }))).media).toEqual([media[p]]);
    }
  });

  it("draws something else for another prompt, a negative one, another guidance and another corruption", async () => {
    const others: Partial<PlanRequest>[] = [
      {},
      { prompt: "a boat" },
      { negativePrompt: "fog" },
      { guidanceScale: 1 },
      { vpg: { scale: 1, corruption: { ratio: 0.5, kind: "codebook" } } },
      { vpg: { scale: 1, corruption: { ratio: 0.5, seed: 3 } } },
      { temperature: 5 },
    ];
    const drawn: string[] = [];
    for (const other of others) drawn.push(String((await draw(warm, plan(other))).committed));
    expect(new Set(drawn).size).toBe(others.length);
  });

  it("takes the likelier value of each bit at temperature 0, whatever the seed", async () => {
    const [one, other] = [
      await draw(warm, plan({ temperature: 0, vpg: false })),
      await draw(warm, plan({ temperature: 0, vpg: false, seed: 12 })),
    ];
    expect(one).toEqual(other);
  });

  it("shows coarse previews in the same format", async () => {
    const K = plan().steps.length;
    const { previews, media } = await draw(warm, plan({ partialImages: K }));
    expect(previews).toHaveLength(K);
    expect(previews.at(-1)).toEqual(media[0]);
    for (const preview of previews) {
      if (family === "infinity") expect((await sharp(preview).metadata()).format).toBe("png");
      else expect(readMp4(preview).frames).toBeGreaterThan(0);
    }
  });
});

describe("infinitystar's temperature", () => {
  /** The first step's rows at one temperature for all steps. */
  async function rows(temperature: number, guidanceScale: number): Promise<number[]> {
    const model = small.models[families.indexOf("infinitystar")]!;
    const request = { prompt: "a fox", n: 1, size: "auto", format: "mp4", partialImages: 0, seed: 1 };
    const plan = makePlan({ ...request, temperature, guidanceScale }, model, seedPictures);
    const asked = stepRequest(`rows-${generations++}`, plan, 0, [0], new Prefix(plan));
    const bytes = await gathered((await warm.step(asked, never)).logits);
    return [...new Float16Array(bytes.slice().buffer)];
  }

  /** How far the rows at temperature 2 are from half of those at 1, at most. */
  async function distance(guidanceScale: number): Promise<number> {
    const [one, two] = [await rows(1, guidanceScale), await rows(2, guidanceScale)];
    return Math.max(...one.map((value, i) => Math.abs(value / 2 - two[i]!)));
  }

  it("has divided the rows when they come, before the guidance, which is not linear", async () => {
    expect(Math.max(...(await rows(1, 1)).map(Math.abs))).toBeGreaterThan(0.1);
    expect(await distance(1)).toBeLessThan(2e-3);
    expect(await distance(34)).toBeGreaterThan(2e-2);
  });
});

type Schedule = Model["schedules"][number];

const bytesOf = (step: Schedule["steps"][number]) => ("bits" in step ? Math.ceil(step.bits / 8) : 2);

/** What a request says to get that schedule. */
function askFor(schedule: Schedule): Partial<PlanRequest> {
  const seconds = "frames" in schedule ? (schedule.frames - 1) / schedule.fps : undefined;
  return { size: schedule.size, seconds, format: isFilm(schedule) ? "mp4" : "png" };
}

const isFilm = (schedule: Schedule) => "frames" in schedule && schedule.frames > 1;

async function checkMedia(file: Uint8Array, schedule: Schedule): Promise<void> {
  const [width, height] = schedule.size.split("x").map(Number);
  if (!("frames" in schedule) || !isFilm(schedule)) {
    expect(await sharp(file).metadata()).toMatchObject({ format: "png", width, height });
    return;
  }
  const video = readMp4(file);
  expect(video).toMatchObject({ width, height, frames: schedule.frames });
  expect(video.seconds).toBeCloseTo(schedule.frames / schedule.fps, 2);
  expect(video.bytes.data).toBe(video.bytes.samples);
}
