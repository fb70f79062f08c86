/** The clouds' adapters in workerd, before front ends that check signatures and tokens: what Node does is no proof there. */
import { describe, expect, inject, test } from "vitest";
import type { StepRequest } from "../../adapters/contract.ts";
import { loadProviders } from "../../adapters/providers/load.ts";
import { catalogue } from "../../src/catalogue/index.ts";
import type { Front } from "../unruly/fronts.ts";

const [sprites] = catalogue;
const { steps } = sprites.schedules[0]!;
const positions = steps.map(({ t, h, w }) => t * h * w);
const last = steps.length - 1;
const length = positions[last]!;
const never = new AbortController().signal;

/** The last step of one picture, both branches. */
const request: StepRequest = {
  ...{
    id: "w",
    model: sprites.id,
    revision: sprites.revision,
    schedule: "64",
    step: last,
    tokens: "codebook",
  },
  ...{ length, width: 512, branches: 2, deadlineMs: 20_000 },
  pictures: [
    {
      prefix: new Uint8Array(2 * positions.slice(0, last).reduce((sum, count) => sum + count, 0)),
      condition: { kind: "class", index: 1 },
      guidance: steps.map(() => 0),
      corruption: { ratio: 0.5, kind: "embedding", seed: 1 },
      prefixKey: "w",
    },
  ],
};

function sourceOf(name: string, change: (value: string) => string = (value) => value) {
  const fronts: readonly Front[] = inject("fronts");
  const { provider, values } = fronts.find((front) => front.provider.name === name)!;
  const secrets = (secret: string) => change(values[secret]!);
  const { offers } = loadProviders({ providers: [provider] }, [sprites], { secrets }, () => {});
  return offers[0]!.source;
}

async function digestOf(name: string): Promise<string> {
  const { logits } = await sourceOf(name).step(request, never);
  const parts: Uint8Array[] = [];
  for await (const part of logits) parts.push(part);
  const all = await new Blob(parts).arrayBuffer();
  expect(all.byteLength).toBe(length * 512 * 2 * 2);
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", all))].join();
}

const clouds = ["azure", "vertex-shared", "vertex-dedicated", "sagemaker", "sagemaker-stream"];

test("every cloud's wire brings the same rows", async () => {
  const digests = await Promise.all(clouds.map(digestOf));
  expect(new Set(digests).size).toBe(1);
});

describe.each(clouds)("%s", (name) => {
  test("refuses who has another secret", async () => {
    const wrong = (value: string) =>
      value.startsWith("{") ? value.replace("edge@", "nobody@") : `${value.slice(0, -1)}x`;
    await expect(sourceOf(name, wrong).step(request, never)).rejects.toMatchObject({
      fault: { kind: "credentials" },
      billed: "no",
    });
  });

  test("is left at once by a caller who aborts", async () => {
    const controller = new AbortController();
    const step = sourceOf(name).step(request, controller.signal);
    controller.abort();
    await expect(step).rejects.toMatchObject({ fault: { kind: "cancelled" } });
  });
});
