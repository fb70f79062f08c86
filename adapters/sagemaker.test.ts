/** What only SageMaker says: its errors by name, errors inside an event stream, events that lie. */
import { expect, test } from "vitest";
import { failureOf, told } from "../test/adapters/failures.ts";
import { encodeEvent, payloadParts } from "../test/adapters/gateway/events.ts";
import { serve } from "../test/adapters/server.ts";
import { gathered, logitsOf, numerics, stepAnswer, stepRequest } from "../test/adapters/steps.ts";
import { vendorType } from "./oip/frame.ts";
import { sagemaker } from "./sagemaker.ts";

const good = stepAnswer(stepRequest);
const never = new AbortController().signal;

const sourceAt = (url: string, stream: boolean) =>
  sagemaker({
    ...{ name: "lab", region: "eu-central-1", endpoint: "e", numerics, url, stream },
    ...{ accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" },
  });

async function failureUnder(status: number, name: string, value: unknown): Promise<string> {
  await using server = await serve((response) => {
    response.writeHead(status, { "x-amzn-errortype": name }).end(JSON.stringify(value));
  });
  return told(await failureOf(sourceAt(server.url, false)));
}

const model = (OriginalStatusCode: number, OriginalMessage: string) => ({
  message: "from primary",
  OriginalStatusCode,
  OriginalMessage,
});

test.each<[number, string, unknown, string]>([
  [424, "ModelError", model(400, '{"error":"guidance: two strengths"}'), "rejected no"],
  [424, "ModelError", model(400, "model 'm' is not ready"), "cold no"],
  [424, "ModelError", model(503, '{"error":"Request timeout expired"}'), "cold no"],
  [424, "ModelError", model(500, "CUDA"), "unreachable unknown"],
  [424, "ModelError", { message: "Your invocation timed out while waiting" }, "timeout/head unknown"],
  [424, "ModelError", { message: "from primary" }, "unreachable unknown"],
  [429, "ModelNotReadyException", {}, "cold no"],
  [400, "ThrottlingException", {}, "overloaded no"],
  [503, "ServiceUnavailable", {}, "overloaded no"],
  [500, "InternalFailure", {}, "unreachable unknown"],
  [530, "InternalDependencyException", {}, "unreachable unknown"],
  [400, "ValidationError", { message: "Endpoint e of account 0 not found." }, "cold no"],
  [400, "ValidationError", { message: "1 validation error detected" }, "unreachable no"],
  [403, "AccessDeniedException", { message: "not authorized to perform" }, "credentials no"],
  [400, "ExpiredTokenException", {}, "credentials no"],
  [403, "NobodyKnowsException", {}, "credentials no"],
  [404, "", {}, "cold no"],
])("%i %s %j is %s", async (status, name, value, expected) => {
  expect(await failureUnder(status, name, value)).toBe(expected);
});

test("a service that is overloaded is left alone for as long as it asks", async () => {
  await using server = await serve((response) => {
    const error = { "x-amzn-errortype": "ThrottlingException", "retry-after": "3" };
    response.writeHead(400, error).end("{}");
  });
  const where = { name: "lab", region: "eu-central-1", endpoint: "e", numerics, url: server.url };
  const source = sagemaker({ ...where, accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" });
  expect(await failureOf(source)).toMatchObject({ fault: { kind: "overloaded" }, retryAfterMs: 3_000 });
});

test("a request names what it wants, in the API's words", async () => {
  await using server = await serve((response) => {
    response.writeHead(200, { "content-type": vendorType(good.headerLength, "sagemaker") }).end(good.body);
  });
  const where = { name: "lab", region: "eu-central-1", endpoint: "e", numerics, url: server.url };
  const who = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret", sessionToken: "session" };
  const source = sagemaker({ ...where, ...who, component: "c", variant: "v" });
  const { logits } = await source.step(stepRequest, never);
  expect(await gathered(logits)).toEqual(logitsOf(stepRequest));
  expect(server.seen[0]).toMatchObject({
    method: "POST",
    path: "/endpoints/e/invocations",
    headers: {
      "x-amzn-sagemaker-inference-component": "c",
      "x-amzn-sagemaker-target-variant": "v",
      "x-amz-security-token": "session",
      "accept-encoding": "identity",
      "content-type": expect.stringMatching(
        /^application\/vnd\.sagemaker-triton\.binary\+json;json-header-size=\d+$/,
      ),
    },
  });
  // What may be rewritten on its way is not signed.
  expect(server.seen[0]?.headers.authorization).not.toContain("accept-encoding");
});

test("an error that is no JSON is known by its status", async () => {
  await using server = await serve((response) => {
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
  });
  expect(told(await failureOf(sourceAt(server.url, false)))).toBe("unreachable unknown");
});

const headers = {
  "content-type": "application/vnd.amazon.eventstream",
  "x-amzn-sagemaker-content-type": vendorType(good.headerLength, "sagemaker"),
};
const parts = payloadParts(Buffer.from(good.body), 100);

async function streaming(body: Buffer) {
  const server = await serve((response) => {
    response.writeHead(200, headers).end(body);
  });
  return { source: sourceAt(server.url, true), server };
}

test("payload parts of any size become the logits", async () => {
  for (const size of [1, 37, 10_000]) {
    const { source, server } = await streaming(payloadParts(Buffer.from(good.body), size));
    await using _ = server;
    const { logits } = await source.step(stepRequest, never);
    expect(await gathered(logits)).toEqual(logitsOf(stepRequest));
  }
});

const exception = (name: string, value: object) =>
  encodeEvent({
    headers: { ":message-type": "exception", ":exception-type": name, ":content-type": "application/json" },
    payload: Buffer.from(JSON.stringify(value)),
  });
const begun = payloadParts(Buffer.from(good.body.subarray(0, -100)), 100);
const flipped = Buffer.from(parts);
flipped[parts.byteLength - 30]! ^= 1;
const giant = Buffer.from(parts);
giant.writeUInt32BE(0xfffffff0);

test.each<[string, Buffer, string]>([
  [
    "the model taking too long",
    Buffer.concat([
      begun,
      exception("ModelStreamError", { Message: "m", ErrorCode: "ModelInvocationTimeExceeded" }),
    ]),
    "timeout/body yes",
  ],
  [
    "the model's stream breaking",
    Buffer.concat([begun, exception("ModelStreamError", { Message: "m", ErrorCode: "StreamBroken" })]),
    "unreachable yes",
  ],
  [
    "an internal failure",
    Buffer.concat([begun, exception("InternalStreamFailure", { Message: "m" })]),
    "unreachable yes",
  ],
  [
    "an internal failure at once",
    exception("InternalStreamFailure", { Message: "m" }),
    "unreachable unknown",
  ],
  ["a bit flipped on the way", flipped, "corrupt yes"],
  ["an event of four gigabytes", giant, "corrupt unknown"],
  ["an end inside an event", parts.subarray(0, -3), "corrupt yes"],
  ["an end between events", begun, "corrupt yes"],
  ["nothing", Buffer.alloc(0), "corrupt unknown"],
])("a stream of events with %s is that fault", async (_, body, expected) => {
  const { source, server } = await streaming(body);
  await using _server = server;
  expect(told(await failureOf(source))).toBe(expected);
});
