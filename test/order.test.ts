/** What leaves the edge before a step is written down: on Cloudflare nothing does after it until the write is confirmed. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { headerLengthField } from "../adapters/oip/frame.ts";
import { loadProviders } from "../adapters/providers/load.ts";
import { compiledKernel } from "../kernels/edge/compiled.ts";
import { loadKernel } from "../kernels/edge/index.ts";
import { builtIn } from "../scripts/built-in.ts";
import { catalogue } from "../src/catalogue/index.ts";
import { generate } from "../src/engine/generate.ts";
import { Fleet } from "../src/routing/fleet.ts";
import { Gossip } from "../src/routing/gossip.ts";
import { nothingShared } from "../src/routing/shared.ts";
import { type NoiseEndpoint, startNoise } from "./adapters/noise-endpoint.ts";
import { planOf } from "./ended.ts";
import { ofOneClass } from "./of-one-class.ts";

let endpoint: NoiseEndpoint;
beforeAll(async () => {
  endpoint = await startNoise();
});
afterAll(() => endpoint.close());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const clock = { now: () => Date.now(), sleep, log: () => undefined };

it("sends the next step's request before a step is committed, through fleet, gossip and a real adapter", async () => {
  const story: string[] = [];
  const recording: typeof fetch = (input, init) => {
    const length = Number(new Headers(init!.headers).get(headerLengthField));
    const head = (init!.body as Uint8Array).subarray(0, length);
    const { id } = JSON.parse(new TextDecoder().decode(head)) as { id: string };
    story.push(`send ${id.split("-").at(-1)}`);
    return fetch(input, init);
  };
  const config = builtIn(ofOneClass(endpoint.url, "noise"));
  const { offers } = loadProviders(
    config,
    catalogue,
    { secrets: () => undefined, fetch: recording },
    () => {},
  );
  const fleet = new Fleet(offers, { ...clock, random: () => 0.5 }, { hedging: false, creditValue: null });
  const exchange = async () => ({ state: nothingShared, counted: {} });
  const source = new Gossip(fleet, { ...clock, exchange }).informed(
    fleet.sourceFor({ route: "balanced", region: null, numerics: { kind: "any" }, homeClass: null }),
  );
  const plan = planOf();
  const ports = {
    ...{
      source,
      kernel: loadKernel(compiledKernel()),
      now: () => performance.now(),
      preview: () => undefined,
    },
    later: () => sleep(0),
    commit: (step: number) => void story.push(`commit ${step}`),
  };
  await generate({ id: "ordered", plan, committed: [] }, ports, new AbortController().signal);
  for (let k = 0; k + 1 < plan.steps.length; k++) {
    expect(story).toContain(`send ${k + 1}`);
    expect(story.indexOf(`send ${k + 1}`)).toBeLessThan(story.indexOf(`commit ${k}`));
  }
});
