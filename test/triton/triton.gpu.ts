/** A real Triton server keeps the contract: the same checks as of the built-in endpoint, and the two agree. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StepSource } from "../../adapters/contract.ts";
import { compiledKernel } from "../../kernels/edge/compiled.ts";
import { loadKernel } from "../../kernels/edge/index.ts";
import { weights } from "../../kernels/local/asking.ts";
import { type Endpoint, startEndpoint } from "../../kernels/local/server.ts";
import { catalogue } from "../../src/catalogue/index.ts";
import { generate } from "../../src/engine/generate.ts";
import type { StepTokens } from "../../src/engine/prefix.ts";
import { seedPictures } from "../../src/engine/seeds.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { never } from "../adapters/failures.ts";
import { apart, K, kinds, type Lab, labAt, model, picture, tell } from "./asked.ts";
import { startTriton, type TritonServer } from "./server.ts";

const servers: TritonServer[] = [];
let builtIn: Endpoint;
/** Triton under its exact rule; `cold` keeps nothing, so that every step is replayed. */
let warm: Lab;
let cold: Lab;
/** Triton under its batched rule. */
let batched: Lab;
let batchedMetrics: string;
let local: Lab;

async function serve(settings: Readonly<Record<string, string>>): Promise<TritonServer> {
  const server = await startTriton(settings);
  servers.push(server);
  return server;
}

async function lab(settings: Readonly<Record<string, string>>): Promise<Lab> {
  return labAt((await serve(settings)).url);
}

/** What the server's /metrics has counted so far. */
async function counted(metrics: string): Promise<{ pictures: number; batches: number }> {
  const text = await (await fetch(metrics)).text();
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, "gm"))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  return { pictures: sum("vpg_pictures_total"), batches: sum("vpg_batches_total") };
}

beforeAll(async () => {
  builtIn = await startEndpoint({ port: 0, weights: [weights], threads: 1 });
  local = await labAt(builtIn.url);
  warm = await lab({});
  cold = await lab({ "cache-bytes": "0" });
  const merging = await serve({ rule: "batched" });
  batched = await labAt(merging.url);
  batchedMetrics = merging.metrics;
});
afterAll(async () => {
  const statuses = await Promise.all(servers.map((server) => server.close()));
  await builtIn?.close();
  expect(statuses).toEqual(servers.map(() => 0));
});

describe.each([
  ["Triton", () => warm],
  ["the built-in endpoint", () => local],
])("%s, an exact class", (_, get) => {
  it("gives the same bytes again, as a miss and as a hit, for every kind of corruption", async () => {
    for (const kind of kinds) {
      const asked = picture(1, K - 1, { kind, key: `again ${kind}` });
      const [miss, hit] = [await tell(get(), K - 1, asked), await tell(get(), K - 1, asked)];
      expect([miss.cache, hit.cache]).toEqual([["miss"], ["hit"]]);
      expect(hit.bits).toEqual(miss.bits);
    }
  });

  it("gives the same bytes in one request with others, wherever it stands among them", async () => {
    const [alone] = (await tell(get(), K - 1, picture(2, K - 1))).bits;
    for (const place of [0, 2, 3]) {
      const together = Array.from({ length: 4 }, (_, i) =>
        picture(i === place ? 2 : 20 + i, K - 1, { key: `place ${place} ${i}` }),
      );
      expect((await tell(get(), K - 1, ...together)).bits[place]).toBe(alone);
    }
  });

  it("gives the same bytes beside requests of equal and of other shapes", async () => {
    const asked = picture(3, K - 1);
    const [alone] = (await tell(get(), K - 1, asked)).bits;
    const crowd = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        if (i % 3 === 0) return (await tell(get(), K - 1, { ...asked, prefixKey: `crowd ${i}` })).bits[0];
        await (i % 3 === 1
          ? tell(get(), K - 1, picture(30 + i, K - 1))
          : tell(get(), i % K, picture(30 + i, i % K, { ratio: i % 2 })));
        return alone;
      }),
    );
    expect(new Set(crowd)).toEqual(new Set([alone]));
  });

  it("gives the generated rows' bytes with and without a corrupted row beside them", async () => {
    const [pair] = (await tell(get(), 2, picture(4, 2))).bits;
    const [single] = (await tell(get(), 2, picture(4, 2, { ratio: 0 }))).bits;
    const row = model.vocabulary * 4;
    const generated = pair!.match(new RegExp(`.{${row}}`, "g"))!.filter((_, i) => i % 2 === 0);
    expect(generated.join("")).toBe(single);
  });
});

describe("Triton", () => {
  it("gives the same bytes at every step, walked warm and replayed in another process", async () => {
    for (const kind of kinds) {
      for (let k = 0; k < K; k++) {
        const walked = await tell(warm, k, picture(5, k, { kind, key: `walk ${kind}` }));
        const replayed = await tell(cold, k, picture(5, k, { kind }));
        expect(replayed.bits).toEqual(walked.bits);
        expect(replayed.cache).toEqual(["miss"]);
        // Step 1 is the first guided one: the unconditional row of step 0 was not asked for before.
        expect(walked.cache).toEqual([k < 2 ? "miss" : "hit"]);
      }
    }
  });

  it.each([
    ["exact", () => warm],
    ["batched", () => batched],
  ])("agrees with the built-in endpoint under the same prefix, %s", async (rule, get) => {
    let most = 0;
    for (const kind of kinds) {
      for (let k = 0; k < K; k++) {
        const pictures = [6, 7, 8].map((seed) => picture(seed, k, { kind, key: `agree ${kind} ${seed}` }));
        const [ours, theirs] = [await tell(get(), k, ...pictures), await tell(local, k, ...pictures)];
        for (const [i, bits] of ours.bits.entries()) {
          const distance = apart(bits, theirs.bits[i]!);
          most = Math.max(most, distance.most);
          // The last place of FP16 is 2^-8 for a value of 4 to 8: one flip of it is no disagreement.
          expect(distance.beyond, `${kind}, step ${k}`).toBeLessThan(2e-3);
        }
      }
    }
    process.stderr.write(
      `${rule} Triton and the built-in endpoint: at most ${most.toExponential(1)} apart\n`,
    );
  });

  it("runs requests of different generations that meet as one batch", async () => {
    const crowd = 12;
    const before = await counted(batchedMetrics);
    await Promise.all(
      Array.from({ length: crowd }, (_, i) =>
        tell(batched, K - 1, picture(40 + i, K - 1, { key: `meet ${i}` })),
      ),
    );
    const after = await counted(batchedMetrics);
    expect(after.pictures - before.pictures).toBe(crowd);
    expect(after.batches - before.batches).toBeLessThan(crowd / 2);
  });

  it("declares another class for another batch rule", () => {
    expect(warm.numerics).toMatch(/^var-sprites\/torch-[\d.]+\/cpu-\w+-1\/branches-alone$/);
    expect(cold.numerics).toBe(warm.numerics);
    expect(batched.numerics).toMatch(/\/batched$/);
  });

  it("makes the built-in endpoint's pixels of the same tokens, in every format", async () => {
    const tokens = picture(9, K - 1).prefix;
    for (const format of ["png", "webp", "jpeg"] as const) {
      const asked = {
        id: "d",
        model: model.id,
        schedule: model.schedule.name,
        format,
        tokens: "codebook",
      } as const;
      const [ours, theirs] = await Promise.all(
        [warm, local].map(async ({ source }) => {
          const { media } = await source.decode({ ...asked, pictures: [tokens], deadlineMs: 30_000 }, never);
          const { data, info } = await sharp(media[0]!).raw().toBuffer({ resolveWithObject: true });
          expect(info).toMatchObject({ width: 64, height: 64, channels: 3 });
          return data;
        }),
      );
      const furthest = Math.max(...ours!.map((value, i) => Math.abs(value - theirs![i]!)));
      if (format === "png") expect(furthest).toBeLessThanOrEqual(1);
    }
  });
});

describe("the engine", () => {
  const kernel = loadKernel(compiledKernel());
  const request = {
    prompt: "fish",
    n: 3,
    size: "auto",
    format: "png",
    partialImages: 0,
    seed: 11,
    vpg: { scale: 0.5 },
  };
  const plan = makePlan(request, { ...catalogue[0], revision: model.revision }, seedPictures);

  async function draw(source: StepSource, id: string, from: StepTokens[] = []) {
    const committed = [...from];
    const ports = {
      source,
      kernel,
      now: () => performance.now(),
      later: () => Promise.resolve(),
      commit: (_: number, tokens: StepTokens) => void committed.push(tokens),
      preview: () => undefined,
    };
    const { media } = await generate({ id, plan, committed: from }, ports, never);
    return { committed, media };
  }

  it("draws pictures through Triton, the same again, warm, cold and taken up in the middle", async () => {
    const first = await draw(warm.source, "first");
    for (const file of first.media) {
      expect(await sharp(file).metadata()).toMatchObject({ format: "png", width: 64, height: 64 });
    }
    expect(await draw(warm.source, "first")).toEqual(first);
    expect(await draw(cold.source, "again")).toEqual(first);
    for (let k = 1; k < K; k++) {
      expect(await draw(cold.source, `from ${k}`, first.committed.slice(0, k))).toEqual(first);
    }
  });

  it("draws through Triton's batched rule too, several generations at a time", async () => {
    const drawn = await Promise.all([0, 1, 2].map((i) => draw(batched.source, `together ${i}`)));
    for (const { media } of drawn) expect(media).toHaveLength(3);
  });
});
