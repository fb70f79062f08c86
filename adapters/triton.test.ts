/** The adapter against a real HTTP server: what it sends, and what it makes of good answers. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { serve } from "../test/adapters/server.ts";
import {
  decodeAnswer,
  decodeRequest,
  gathered,
  goodStats,
  headersOf,
  logitsOf,
  numerics,
  picture,
  revision,
  stepAnswer,
  stepRequest,
} from "../test/adapters/steps.ts";
import type { StepRequest } from "./contract.ts";
import { bytesValues, textValues } from "./oip/bytes.ts";
import { decodeRequest as decodeMessage } from "./oip/request.ts";
import { fp32Values, int32Values, uint16Values, uint64Values } from "./oip/tensor.ts";
import { type TritonOptions, triton } from "./triton.ts";

const never = new AbortController().signal;

/** Answers everything with one message, and gives what a source made of it and what the server saw. */
async function ask(request: StepRequest, options: Partial<TritonOptions> = {}, frame = stepAnswer(request)) {
  await using server = await serve((response) => {
    response.writeHead(200, headersOf(frame)).end(frame.body);
  });
  const source = triton({ name: "lab", url: server.url, region: "eu", numerics, ...options });
  const answer = await source.step(request, never);
  const logits = await gathered(answer.logits);
  const sent = server.seen[0]!;
  const message = decodeMessage(sent.body, Number(sent.headers["inference-header-content-length"]));
  const input = (name: string) => message.inputs.find((tensor) => tensor.name === name)!;
  return { answer, logits, sent, message, input };
}

test("a step comes back with its stats, its route and exactly the bytes of its logits", async () => {
  const { answer, logits } = await ask(stepRequest);
  expect(answer.stats).toEqual([{ deviceMs: 1.5, cache: "miss", revision, numerics }]);
  expect(answer.route).toEqual({ endpoint: "lab", region: "eu" });
  expect(logits).toEqual(logitsOf(stepRequest));
});

test("a class model is asked with the contract's inputs, outputs and parameters, in their order", async () => {
  const request = { ...stepRequest, pictures: [picture, { ...picture, prefix: Uint8Array.of(9, 1) }] };
  const { sent, message, input } = await ask(request);
  expect(sent).toMatchObject({ method: "POST", path: "/v2/models/var-sprites/infer" });
  expect(sent.headers).toMatchObject({
    "content-type": "application/octet-stream",
    "accept-encoding": "identity",
    "content-length": String(sent.body.byteLength),
  });
  expect(Number(sent.headers["inference-header-content-length"]) % 8).toBe(0);
  expect(message.id).toBe("g1-1-0");
  expect(message.parameters).toEqual({ deadline_ms: 5000, timeout: 5_000_000 });
  expect(message.outputs).toEqual(["stats", "logits"]);
  expect(message.inputs.map(({ name, datatype, shape }) => `${name} ${datatype} ${shape}`)).toEqual([
    "step INT32 2,1",
    "schedule BYTES 2,1",
    "tokens UINT16 2,1",
    "class INT32 2,1",
    "guidance FP32 2,2",
    "corruption_ratio FP32 2,1",
    "corruption_kind BYTES 2,1",
    "corruption_seed UINT64 2,1",
    "prefix_key BYTES 2,1",
  ]);
  expect([...int32Values(input("step"))]).toEqual([1, 1]);
  expect(textValues(input("schedule"))).toEqual(["64", "64"]);
  expect([...uint16Values(input("tokens"))]).toEqual([5, 265]);
  expect([...int32Values(input("class"))]).toEqual([7, 7]);
  expect([...fp32Values(input("guidance"))]).toEqual([0, 1.5, 0, 1.5]);
  expect([...fp32Values(input("corruption_ratio"))]).toEqual([0.25, 0.25]);
  expect(textValues(input("corruption_kind"))).toEqual(["embedding", "embedding"]);
  expect([...uint64Values(input("corruption_seed"))]).toEqual([2n ** 53n - 1n, 2n ** 53n - 1n]);
  expect(textValues(input("prefix_key"))).toEqual(["g1/0", "g1/0"]);
});

test("a bitwise text model is asked with bytes, texts as they are, and its temperature", async () => {
  const condition = { kind: "text", prompt: "ein Fuchs 🦊", negativePrompt: "" } as const;
  const one = { ...picture, prefix: new Uint8Array(0), guidance: [3], condition, temperature: 0.5 };
  const request = { ...stepRequest, step: 0, tokens: "bitwise", branches: 1, pictures: [one] } as const;
  const { message, input } = await ask(request);
  expect(message.inputs.map(({ name, datatype, shape }) => `${name} ${datatype} ${shape}`)).toEqual([
    "step INT32 1,1",
    "schedule BYTES 1,1",
    "tokens UINT8 1,0",
    "prompt BYTES 1,1",
    "negative_prompt BYTES 1,1",
    "guidance FP32 1,1",
    "temperature FP32 1,1",
    "corruption_ratio FP32 1,1",
    "corruption_kind BYTES 1,1",
    "corruption_seed UINT64 1,1",
    "prefix_key BYTES 1,1",
  ]);
  expect(textValues(input("prompt"))).toEqual(["ein Fuchs 🦊"]);
  expect(bytesValues(input("negative_prompt"))).toEqual([new Uint8Array(0)]);
});

test("a decode asks the decode model and gives a file a picture", async () => {
  const frame = decodeAnswer(["one", "twoo"]);
  await using server = await serve((response) => {
    response.writeHead(200, headersOf(frame)).end(frame.body);
  });
  const source = triton({ name: "lab", url: `${server.url}/`, region: null, numerics });
  const { media, route } = await source.decode(decodeRequest, never);
  expect(media.map((file) => new TextDecoder().decode(file))).toEqual(["one", "twoo"]);
  expect(route).toEqual({ endpoint: "lab", region: null });
  const sent = server.seen[0]!;
  expect(sent.path).toBe("/v2/models/var-sprites.decode/infer");
  const message = decodeMessage(sent.body, Number(sent.headers["inference-header-content-length"]));
  expect(message.outputs).toEqual(["media"]);
  expect(message.inputs.map(({ name, datatype, shape }) => `${name} ${datatype} ${shape}`)).toEqual([
    "tokens UINT16 2,2",
    "schedule BYTES 2,1",
    "format BYTES 2,1",
  ]);
});

test("an answer that came gzipped all the same is read right", async () => {
  const frame = stepAnswer(stepRequest);
  const body = gzipSync(frame.body);
  await using server = await serve((response) => {
    response
      .writeHead(200, { ...headersOf(frame), "content-length": body.byteLength, "content-encoding": "gzip" })
      .end(body);
  });
  const source = triton({ name: "lab", url: server.url, region: null, numerics });
  const answer = await source.step(stepRequest, never);
  expect(answer.stats[0]?.deviceMs).toBe(goodStats.device_ms);
  expect(await gathered(answer.logits)).toEqual(logitsOf(stepRequest));
});

test("tensors that start at an odd offset are read right", async () => {
  const padded = stepAnswer(stepRequest);
  const json = new TextDecoder().decode(padded.body.subarray(0, padded.headerLength)).trimEnd();
  const odd = json.length % 2 === 1 ? json : `${json} `;
  const body = new Uint8Array(Buffer.concat([Buffer.from(odd), padded.body.subarray(padded.headerLength)]));
  const { logits } = await ask(stepRequest, {}, { headerLength: odd.length, body });
  expect(logits).toEqual(logitsOf(stepRequest));
});

test("a token, a name with password, and headers go out as they should", async () => {
  const bearer = await ask(stepRequest, {
    credentials: { kind: "bearer", token: "tok" },
    headers: { "x-a": "b" },
  });
  expect(bearer.sent.headers).toMatchObject({ authorization: "Bearer tok", "x-a": "b" });
  const basic = await ask(stepRequest, { credentials: { kind: "basic", user: "ü", password: "p:w" } });
  const [scheme, pair] = String(basic.sent.headers.authorization).split(" ");
  expect(`${scheme} ${Buffer.from(pair!, "base64")}`).toBe("Basic ü:p:w");
});

test("a Cloudflare Access service token goes out as its two headers", async () => {
  const credentials = { kind: "access", id: "client.access", secret: "shh" } as const;
  const { sent } = await ask(stepRequest, { credentials });
  expect(sent.headers).toMatchObject({
    "cf-access-client-id": "client.access",
    "cf-access-client-secret": "shh",
  });
  expect(sent.headers.authorization).toBeUndefined();
});

test("headers of the protocol cannot be replaced by the operator's", async () => {
  const { sent } = await ask(stepRequest, {
    headers: { "accept-encoding": "gzip", "content-type": "text/plain" },
  });
  expect(sent.headers).toMatchObject({
    "accept-encoding": "identity",
    "content-type": "application/octet-stream",
  });
});

test.each(["ftp://host", "nonsense", "http://user:pass@host", "http://host/?key=pass"])(
  "the url %s is refused without being repeated",
  (url) => {
    expect(() => triton({ name: "lab", url, region: null, numerics })).toThrow(/^url: (?!.*pass)/);
  },
);

test("a header that cannot be sent is refused without its value", () => {
  const options = { name: "lab", url: "http://host", region: null, numerics };
  expect(() => triton({ ...options, credentials: { kind: "bearer", token: "se\ncret" } })).toThrow(
    /^headers: authorization cannot be sent$/,
  );
});
