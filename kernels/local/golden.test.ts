/** The exported graphs say what PyTorch said when they were exported. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askDecode, models } from "./asking.ts";
import type { Corruption } from "./corruption.ts";
import { Pool } from "./pool.ts";
import { PrefixCache } from "./prefix-cache.ts";
import { type Endpoint, startEndpoint } from "./server.ts";
import { runStep } from "./step.ts";

interface Golden {
  readonly logits: readonly {
    readonly request: {
      readonly step: number;
      readonly tokens: number[];
      readonly class: number;
      readonly guidance: number[];
      readonly corruption: Corruption;
    };
    readonly positions: number[];
    readonly entries: number[];
    /** [positions, branches, entries] */
    readonly values: number[][][];
  }[];
  readonly pixels: readonly {
    readonly tokens: number[];
    readonly every: number;
    readonly values: number[][][];
  }[];
}

const tolerance = 2e-4;
describe.each(models)("%s", (_, model) => {
  let golden: Golden;
  let pool: Pool;
  let endpoint: Endpoint;

  beforeAll(async () => {
    golden = JSON.parse(await readFile(join(model.folder, "golden.json"), "utf8")) as Golden;
    pool = await Pool.open([model], 1);
    endpoint = await startEndpoint({ port: 0, weights: [model.folder], threads: 1 });
  }, 60_000);
  afterAll(() => Promise.all([pool?.close(), endpoint?.close()]));

  it("gives PyTorch's guided logits in both branches, for every kind of corruption", async () => {
    const engine = { model, pool, cache: new PrefixCache(2 ** 24) };
    for (const { request, positions, entries, values } of golden.logits) {
      const { branches } = await runStep(
        engine,
        {
          k: request.step,
          prefix: Uint16Array.from(request.tokens),
          label: request.class,
          guidance: Float32Array.from(request.guidance),
          corruption: request.corruption,
          prefixKey: "golden",
        },
        new AbortController().signal,
      );
      const got = positions.map((u) =>
        branches.map((rows) => entries.map((v) => rows[u * model.vocabulary + v]!)),
      );
      const furthest = Math.max(...got.flat(2).map((value, i) => Math.abs(value - values.flat(2)[i]!)));
      expect(furthest, request.corruption.kind).toBeLessThan(tolerance);
    }
  });

  it("gives PyTorch's pixels for the picture and for every coarse preview", async () => {
    for (const { tokens, every, values } of golden.pixels) {
      const [png] = await askDecode(endpoint.url, [tokens], "png", model.id);
      const { data, info } = await sharp(png!).raw().toBuffer({ resolveWithObject: true });
      expect(info.channels).toBe(3);
      const got = values.map((row, y) =>
        row.map((_, x) => {
          const at = (y * every * info.width + x * every) * 3;
          return [...data.subarray(at, at + 3)];
        }),
      );
      const furthest = Math.max(...got.flat(2).map((value, i) => Math.abs(value - values.flat(2)[i]!)));
      // A value that lies on a border may be rounded the other way.
      expect(furthest, `${tokens.length} tokens`).toBeLessThanOrEqual(1);
    }
  });
});
