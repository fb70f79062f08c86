/** What a real Triton refuses, in its own words or in ours: always 400, always naming the field; and what it says of itself. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InferRequest } from "../../adapters/oip/request.ts";
import { decodeRequestOf, outputsOf, post, stepRequest } from "../../kernels/local/asking.ts";
import { type BadStep, badSteps, goodPicture } from "../adapters/bad-steps.ts";
import { never } from "../adapters/failures.ts";
import { type Lab, labAt, model, picture, requestOf } from "./asked.ts";
import { startTriton, type TritonServer } from "./server.ts";

const { bounds, name: schedule } = model.schedule;
let server: TritonServer;
let lab: Lab;

beforeAll(async () => {
  server = await startTriton();
  lab = await labAt(server.url);
});
afterAll(async () => expect(await server.close()).toBe(0));

const asked = goodPicture(bounds);
// Triton sends an output as JSON unless it is asked for by name, and FP16 as JSON it refuses.
const outputs = ["stats", "logits"];
const request = (pictures = [asked]): InferRequest => ({ ...stepRequest(pictures), outputs });

const withoutLambda = { candidates: true, temperature: 1, top_k: 0, top_p: 0.9 };
const sampled = { ...withoutLambda, lambda: 1.5 };

describe("a bad request", () => {
  const cases: BadStep[] = [
    ...badSteps(bounds, outputs),
    ["lambda", "missing beside candidates", { ...request(), parameters: withoutLambda }],
    ["top_p", "above 1", { ...request(), parameters: { ...sampled, top_p: 1.5 } }],
    ["output 'probabilities'", "unknown output", { ...request(), outputs: ["probabilities"] }],
    ["batch-size", "too many pictures", request(Array.from({ length: 17 }, () => asked))],
  ];

  it.each(cases)("is refused with 400 naming %s: %s", async (field, _, bad) => {
    const response = await post(server.url, model.id, bad);
    const { error } = (await response.json()) as { error: string };
    expect(error).toContain(field);
    expect(response.status).toBe(400);
  });

  it.each([
    ["tokens", [1, 2, 3, 4, 5], "png"],
    ["tokens", [], "png"],
    ["tokens", [512], "png"],
    ["format", [1], "mp4"],
  ])("is refused by the decoder naming %s: %s as %s", async (field, tokens, format) => {
    const bad = { ...decodeRequestOf([tokens], format), outputs: ["media"] };
    const response = await post(server.url, `${model.id}.decode`, bad);
    expect(((await response.json()) as { error: string }).error).toMatch(new RegExp(`^${field}: `));
    expect(response.status).toBe(400);
  });

  it("is a fault that the adapter tells apart: refused is rejected, an unknown model is cold", async () => {
    const good = requestOf(1, [picture(1, 1)]);
    const longKey = { ...good.pictures[0]!, prefixKey: "k".repeat(257) };
    const faults = [
      [{ ...good, schedule: "256" }, "rejected", /schedule/],
      [{ ...good, pictures: [longKey] }, "rejected", /prefix_key/],
      [{ ...good, model: "var-nobody" }, "cold", /unknown model/],
      [{ ...good, revision: "0".repeat(64) }, "corrupt", /revision/],
    ] as const;
    for (const [bad, kind, message] of faults) {
      const fault = { fault: { kind }, message: expect.stringMatching(message) };
      await expect(lab.source.step(bad, never)).rejects.toMatchObject(fault);
    }
  });
});

it("an answer that nobody waits for any more is 503", async () => {
  const response = await post(server.url, model.id, { ...request(), parameters: { deadline_ms: 0 } });
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining("deadline_ms: ")]);
});

it("the step model decodes too where it is told to, for front ends that reach one model only", async () => {
  const decode = { ...decodeRequestOf([[1]], "png"), parameters: { op: "decode" }, outputs: ["media"] };
  const [media] = await outputsOf(await post(server.url, model.id, decode));
  const wanted = { ...decode, parameters: {} };
  expect(media).toEqual((await outputsOf(await post(server.url, `${model.id}.decode`, wanted)))[0]);
});

it("one output comes alone when it alone is asked for", async () => {
  const answered = await outputsOf(await post(server.url, model.id, { ...request(), outputs: ["logits"] }));
  expect(answered.map(({ name, shape }) => [name, shape])).toEqual([["logits", [1, 1, 2, 512]]]);
});

it("describes its tensors as the contract does", async () => {
  const described = (await (await fetch(`${server.url}/v2/models/${model.id}`)).json()) as {
    inputs: { name: string }[];
  };
  expect(described.inputs.map(({ name }) => name)).toEqual([
    ...request().inputs.map(({ name }) => name),
    "format",
  ]);
  expect(schedule).toBe("64");
});

it("counts pictures, hits, device time and batches on /metrics", async () => {
  for (let i = 0; i < 2; i++) await post(server.url, model.id, request([{ ...asked, prefixKey: "counted" }]));
  const text = await (await fetch(server.metrics)).text();
  const value = (name: string) =>
    Number(new RegExp(`^${name.replace(/[{}]/g, "\\$&")} (\\S+)$`, "m").exec(text)![1]);
  expect(value('vpg_pictures_total{cache="hit",model="var-sprites"}')).toBeGreaterThanOrEqual(1);
  expect(value('vpg_device_ms_total{model="var-sprites"}')).toBeGreaterThan(0);
  expect(value('vpg_batches_total{model="var-sprites"}')).toBeGreaterThanOrEqual(2);
  expect(value('vpg_cache_bytes{model="var-sprites"}')).toBeGreaterThan(0);
});
