/** The proxy does to an answer what it is told, byte for byte, and to no other. */
import { request } from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytesTensor } from "../../../adapters/oip/bytes.ts";
import { headerLengthField } from "../../../adapters/oip/frame.ts";
import { encodeRequest } from "../../../adapters/oip/request.ts";
import { encodeResponse } from "../../../adapters/oip/response.ts";
import { rawTensor, uint64Tensor } from "../../../adapters/oip/tensor.ts";
import { serve, type TestServer } from "../../adapters/server.ts";
import { ACTS, type Act, type Fault, nameOf } from "./fault.ts";
import { flipToNaN } from "./flip.ts";
import { FaultProxy } from "./proxy.ts";

/** -1.5 again and again: one bit away from not being a number. */
const halves = new Uint8Array(new Uint16Array(64).fill(0xbe00).buffer);
const answer = encodeResponse({
  id: "gen_1-3",
  model: "m",
  parameters: {},
  outputs: [bytesTensor("stats", [1, 1], ["{}"]), rawTensor("logits", "FP16", [1, 1, 2, 32], halves)],
});
const headers = { [headerLengthField]: `${answer.headerLength}`, "content-type": "application/octet-stream" };
const question = encodeRequest({
  id: "gen_1-3",
  parameters: {},
  inputs: [uint64Tensor("corruption_seed", [1, 1], [77])],
  outputs: [],
});

let endpoint: TestServer;
let proxy: FaultProxy;
let next: Act | null;
let told: string[];

beforeEach(async () => {
  [next, told] = [null, []];
  endpoint = await serve((response) => {
    response.writeHead(200, { ...headers, "content-length": answer.body.byteLength }).end(answer.body);
  });
  proxy = await FaultProxy.start({
    target: endpoint.url,
    decide: ({ generation, address, corruptionSeed }) => {
      told.push(`${generation} ${address} ${corruptionSeed}`);
      const fault: Fault | null = next && { act: next, luck: 0.5 };
      next = null;
      return fault;
    },
    done: (_, { act }, isDone) => void told.push(`${nameOf(act)} ${isDone}`),
  });
});
afterEach(async () => {
  proxy.close();
  await endpoint[Symbol.asyncDispose]();
});

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Asks as an HTTP client does. */
async function ask(): Promise<Got> {
  const response = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    const asked = request(`${proxy.url}/v2/models/m/infer`, {
      method: "POST",
      headers: { [headerLengthField]: question.headerLength },
      signal: AbortSignal.timeout(1_500),
    });
    asked.on("error", reject).on("response", resolve).end(question.body);
  });
  return { status: response.statusCode!, headers: response.headers, body: await buffer(response) };
}

/** Everything that comes over a connection, until nothing does any more for a while. */
async function wire(): Promise<Buffer> {
  const socket = connect(Number(new URL(proxy.url).port), "127.0.0.1");
  const head = `POST /v2/models/m/infer HTTP/1.1\r\nhost: x\r\n${headerLengthField}: ${question.headerLength}`;
  socket.write(`${head}\r\ncontent-length: ${question.body.byteLength}\r\n\r\n`);
  socket.write(question.body);
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    socket.setTimeout(300, resolve);
    socket
      .on("data", (chunk) => chunks.push(chunk))
      .on("end", resolve)
      .on("error", () => resolve());
  });
  socket.destroy();
  return Buffer.concat(chunks);
}

const bits = (one: Uint8Array, other: Uint8Array) =>
  [...one].reduce((sum, byte, i) => sum + (byte ^ other[i]!).toString(2).replaceAll("0", "").length, 0);

it("hands on what it is told nothing about, and says whose step it was", async () => {
  const got = await ask();
  expect([got.status, got.body.equals(answer.body)]).toEqual([200, true]);
  expect(told).toEqual(["gen_1 3 77"]);
});

describe.each(ACTS.map((act) => [nameOf(act), act] as const))("%s", (name, act) => {
  it("is done once, and the answer after it is whole", async () => {
    next = act;
    const spoilt = await ask().catch((error: Error) => error);
    await expect.poll(() => told).toEqual(["gen_1 3 77", `${name} true`]);
    const isHarmless = ["refuse", "latency", "drip"].includes(act.kind) || name === "duplicate answer";
    const isWhole = !(spoilt instanceof Error) && spoilt.status === 200 && spoilt.body.equals(answer.body);
    const lies = name.startsWith("header length");
    expect(isWhole).toBe(isHarmless || lies);
    if (lies) expect((spoilt as Got).headers[headerLengthField]).not.toBe(headers[headerLengthField]);
    await proxy.calm();
    expect((await ask()).body.equals(answer.body)).toBe(true);
  });
});

it("turns over exactly one bit, in the part that was named", async () => {
  for (const [where, from, to] of [
    ["header", 0, answer.headerLength],
    ["malformed", answer.body.byteLength - halves.byteLength, answer.body.byteLength],
    ["tensor", answer.body.byteLength - halves.byteLength, answer.body.byteLength],
  ] as const) {
    next = { kind: "flip", where };
    const { body } = await ask();
    expect(bits(body, answer.body)).toBe(1);
    expect(bits(body.subarray(from, to), answer.body.subarray(from, to))).toBe(1);
  }
});

it("makes a number that is none by one bit, or says that no bit does", () => {
  const spoilt = flipToNaN(halves, 0.3)!;
  expect(bits(spoilt, halves)).toBe(1);
  const exponents = [...new Uint16Array(spoilt.buffer)].map((half) => (half >> 10) & 0x1f);
  expect(exponents.filter((exponent) => exponent === 0x1f)).toHaveLength(1);
  expect(flipToNaN(new Uint8Array(64), 0.3)).toBeNull();
});

it("refuses connections while its port is shut, and takes them again after", async () => {
  next = { kind: "refuse", ms: 60_000 };
  expect((await ask()).headers.connection).toBe("close");
  await expect(ask()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await proxy.calm();
  expect((await ask()).status).toBe(200);
});

it("is busy to everybody for the time of a burst", async () => {
  next = { kind: "burst", ms: 60_000 };
  expect((await ask()).status).toBe(503);
  expect((await ask()).status).toBe(503);
  await proxy.calm();
  expect((await ask()).status).toBe(200);
});

it("sends a whole second answer that nobody asked for", async () => {
  next = { kind: "duplicate", what: "answer" };
  const bytes = await wire();
  const count = bytes.toString("latin1").split("HTTP/1.1 200").length - 1;
  expect(count).toBe(2);
});

it("says how long to stay away, or does not", async () => {
  next = { kind: "overloaded", after: 1 };
  expect((await ask()).headers["retry-after"]).toBe("1");
  next = { kind: "overloaded", after: null };
  expect(await ask()).toMatchObject({
    status: 429,
    headers: expect.not.objectContaining({ "retry-after": "1" }),
  });
});
