/** The committed model repository serves every shipped model, each as the built-in endpoint does. */
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { models, someTokens, uint16s } from "../../kernels/local/asking.ts";
import { stepCount } from "../../kernels/local/model.ts";
import { type Endpoint, startEndpoint } from "../../kernels/local/server.ts";
import { never } from "../adapters/failures.ts";
import { apart, labAt, picture, requestOf, told } from "./asked.ts";
import { startTriton, type TritonServer } from "./server.ts";

const repository = fileURLToPath(new URL("../../kernels/gpu/model_repository", import.meta.url));
let triton: TritonServer;
let builtIn: Endpoint;

beforeAll(async () => {
  triton = await startTriton({ repository });
  builtIn = await startEndpoint({ port: 0, threads: 1 });
});
afterAll(async () => {
  await builtIn?.close();
  expect(await triton?.close()).toBe(0);
});

describe.each(models)("%s", (id, model) => {
  const labs = () => Promise.all([triton.url, builtIn.url].map((url) => labAt(url, model)));

  it("takes the last step as the built-in endpoint does, of the same weights", async () => {
    const k = stepCount(model.schedule) - 1;
    // The adapter refuses an answer of another revision than was asked for.
    const request = requestOf(k, [picture(5, k, {}, model)], model);
    const [ours, theirs] = await labs();
    expect(ours!.numerics).toMatch(new RegExp(`^${id}/torch-`));
    const [one, other] = [await told(ours!.source, request), await told(theirs!.source, request)];
    expect(apart(one.bits[0]!, other.bits[0]!).beyond).toBeLessThan(2e-3);
  });

  it("makes the built-in endpoint's pixels of the same tokens", async () => {
    const pictures = [uint16s(someTokens(model.schedule.bounds.at(-1)!, 3))];
    const about = { model: id, schedule: model.schedule.name, format: "png", tokens: "codebook" } as const;
    const [ours, theirs] = await Promise.all(
      (await labs()).map(async ({ source }) => {
        const { media } = await source.decode({ id: "d", ...about, pictures, deadlineMs: 30_000 }, never);
        return sharp(media[0]!).raw().toBuffer();
      }),
    );
    expect(Math.max(...ours!.map((value, i) => Math.abs(value - theirs![i]!)))).toBeLessThanOrEqual(1);
  });
});
