import { expect, it } from "vitest";
import { compiledKernel } from "../../kernels/edge/compiled.ts";
import { loadKernel } from "../../kernels/edge/index.ts";
import { noiseSource } from "../../test/noise-source.ts";
import { catalogue } from "../catalogue/index.ts";
import { makePlan, type PlanRequest } from "../plan/plan.ts";
import { generate } from "./generate.ts";
import { seedPictures } from "./seeds.ts";

const kernel = loadKernel(compiledKernel());

/** Three pictures as a source that sends all logits, or candidates alone, lets the engine draw them. */
async function draw(asked: Partial<PlanRequest>, candidates: boolean) {
  const request = { prompt: "fish", n: 3, size: "auto", format: "png", partialImages: 0, seed: 11 };
  const plan = makePlan({ ...request, ...asked }, catalogue[0], seedPictures);
  const ports = {
    source: noiseSource({ candidates, piece: 777 }),
    kernel,
    now: () => 0,
    later: () => Promise.resolve(),
    commit: () => undefined,
    preview: () => undefined,
  };
  const { media } = await generate(
    { id: "gen_test", plan, committed: [] },
    ports,
    new AbortController().signal,
  );
  return media;
}

it.each<[string, Partial<PlanRequest>]>([
  ["top_p", { topP: 0.9, vpg: { scale: 0.5 } }],
  ["top_p without VPG", { topP: 0.5 }],
  ["top_k", { topK: 20, topP: 1, vpg: { scale: 1.5 } }],
  ["both and a temperature", { topK: 50, topP: 0.8, temperature: 0.7, vpg: { scale: 0.5 } }],
  ["temperature 0", { temperature: 0, vpg: { scale: 0.5 } }],
])("pictures drawn from candidates are those drawn from all logits: %s", async (_, asked) => {
  expect(await draw(asked, true)).toEqual(await draw(asked, false));
});
