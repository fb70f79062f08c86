/** What a real Triton refuses, in its own words or in ours: always 400, always naming the field; and what it says of itself. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesTensor } from "../../adapters/oip/bytes.ts";
import type { InferRequest } from "../../adapters/oip/request.ts";
import { fp32Tensor, int32Tensor, rawTensor, type Tensor, uint64Tensor } from "../../adapters/oip/tensor.ts";
import {
  decodeRequestOf,
  outputsOf,
  post,
  someTokens,
  stepRequest,
  uint16s,
} from "../../kernels/local/asking.ts";
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

const asked = {
  step: 2,
  tokens: someTokens(bounds[2]!, 1),
  class: 3,
  guidance: [0, 0.5, 1],
  corruption: { kind: "embedding", seed: 5, ratio: 0.3 },
  prefixKey: "refusals",
};
// Triton sends an output as JSON unless it is asked for by name, and FP16 as JSON it refuses.
const outputs = ["stats", "logits"];
const request = (pictures = [asked]): InferRequest => ({ ...stepRequest(pictures), outputs });

/** A good request with some inputs in the place of its own. */
function withInputs(...inputs: Tensor[]): InferRequest {
  const named = new Map([...request().inputs, ...inputs].map((input) => [input.name, input]));
  return { ...request(), inputs: [...named.values()] };
}

function without(name: string): InferRequest {
  return { ...request(), inputs: request().inputs.filter((input) => input.name !== name) };
}

describe("a bad request", () => {
  const notANumber = new Uint8Array(Float32Array.of(0, 1, Number.NaN).buffer);
  const cases: [field: string, what: string, request: InferRequest][] = [
    ...request().inputs.map(({ name }): [string, string, InferRequest] => [name, "missing", without(name)]),
    ["prompt", "unknown input", withInputs(bytesTensor("prompt", [1, 1], ["a boat"]))],
    ["step", "too large", withInputs(int32Tensor("step", [1, 1], [bounds.length - 1]))],
    ["step", "negative", withInputs(int32Tensor("step", [1, 1], [-1]))],
    ["step", "wrong type", withInputs(fp32Tensor("step", [1, 1], [2]))],
    ["step", "wrong rank", withInputs(int32Tensor("step", [1], [2]))],
    ["schedule", "unknown", withInputs(bytesTensor("schedule", [1, 1], ["256"]))],
    ["tokens", "too few", withInputs(rawTensor("tokens", "UINT16", [1, 4], uint16s([1, 2, 3, 4])))],
    ["tokens", "too large", withInputs(rawTensor("tokens", "UINT16", [1, 5], uint16s([1, 2, 3, 4, 512])))],
    ["class", "negative", withInputs(int32Tensor("class", [1, 1], [-1]))],
    ["class", "no class", withInputs(int32Tensor("class", [1, 1], [10]))],
    ["class", "another n", withInputs(int32Tensor("class", [2, 1], [1, 2]))],
    ["guidance", "too short", withInputs(fp32Tensor("guidance", [1, 2], [0, 1]))],
    ["guidance", "not finite", withInputs(rawTensor("guidance", "FP32", [1, 3], notANumber))],
    ["corruption_ratio", "above 1", withInputs(fp32Tensor("corruption_ratio", [1, 1], [1.5]))],
    ["corruption_kind", "unknown", withInputs(bytesTensor("corruption_kind", [1, 1], ["noise"]))],
    ["corruption_kind", "empty", withInputs(bytesTensor("corruption_kind", [1, 1], [""]))],
    [
      "corruption_kind",
      "no UTF-8",
      withInputs(bytesTensor("corruption_kind", [1, 1], [Uint8Array.of(0xff)])),
    ],
    ["corruption_seed", "above 53 bits", withInputs(uint64Tensor("corruption_seed", [1, 1], [2n ** 53n]))],
    ["prefix_key", "too long", withInputs(bytesTensor("prefix_key", [1, 1], ["k".repeat(257)]))],
    [
      "corruption_ratio",
      "mixed",
      request([asked, { ...asked, corruption: { ...asked.corruption, ratio: 0 } }]),
    ],
    [
      "corruption_kind",
      "mixed",
      request([asked, { ...asked, corruption: { ...asked.corruption, kind: "token" } }]),
    ],
    ["output 'probabilities'", "unknown output", { ...request(), outputs: ["probabilities"] }],
    ["batch-size", "too many pictures", request(Array.from({ length: 17 }, () => asked))],
    ["candidates", "not supported", { ...request(), parameters: { candidates: true } }],
    ["deadline_ms", "no number", { ...request(), parameters: { deadline_ms: "soon" } }],
    ["op", "unknown", { ...request(), parameters: { op: "encode" } }],
  ];

  it.each(cases)("is refused with 400 naming %s: %s", async (field, _, bad) => {
    const response = await post(server.url, model.id, bad);
    const { error } = (await response.json()) as { error: string };
    expect(error).toContain(field);
    expect(response.status).toBe(400);
  });

  it.each([
    ["tokens", [1, 2], "png"],
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
  expect(answered.map(({ name, shape }) => [name, shape])).toEqual([["logits", [1, 9, 2, 512]]]);
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
