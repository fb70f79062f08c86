/** The front ends keep what their clouds keep: sizes, times, the headers that pass; and the adapters know each refusal. */
import { expect, test } from "vitest";
import type { StepSource } from "../../../adapters/contract.ts";
import { sagemaker } from "../../../adapters/sagemaker.ts";
import { vertex } from "../../../adapters/vertex.ts";
import { failureOf, never, told } from "../failures.ts";
import { serve } from "../server.ts";
import { gathered, logitsOf, numerics, picture, stepAnswer, stepRequest } from "../steps.ts";
import type { Dialect } from "./dialect.ts";
import { startGateway } from "./gateway.ts";
import { google } from "./google.ts";
import { endpoint, identity, sagemakerDialect, sessionToken } from "./sagemaker.ts";
import { place, vertexDialect } from "./vertex.ts";

const good = stepAnswer(stepRequest);
const type = `application/vnd.sagemaker-triton.binary+json;json-header-size=${good.headerLength}`;
const answerHeaders = { "content-type": type, "inference-header-content-length": good.headerLength };
const accounts = google();

type Make = (url: string) => StepSource;

const aws: Make = (url) =>
  sagemaker({
    ...{ name: "lab", numerics, url, region: identity.region, endpoint: endpoint.name, sessionToken },
    ...{ accessKeyId: identity.accessKeyId, secretAccessKey: identity.secretAccessKey },
  });
const gcp: Make = (url) =>
  vertex({ ...place, name: "lab", numerics, url, account: accounts.keyFile(url), redirect: true });

/** Asks through a front end, and tells what its container saw. */
async function through<T>(
  dialect: Dialect,
  make: Make,
  work: (source: StepSource) => Promise<T>,
  answer: "good" | "silence" = "good",
) {
  await using container = await serve((response) => {
    if (answer === "good") response.writeHead(200, answerHeaders).end(good.body);
  });
  const gateway = await startGateway(dialect, container.url);
  try {
    return { value: await work(make(gateway.url)), seen: container.seen };
  } finally {
    await gateway.close();
  }
}

const shared = vertexDialect(accounts, false, true);
const step = async (source: StepSource) => gathered((await source.step(stepRequest, never)).logits);
const ours = (headers: object) =>
  Object.keys(headers).filter((name) => !["host", "connection", "content-length"].includes(name));

test("SageMaker's container sees content type and accept, and nothing of ours", async () => {
  const { value, seen } = await through(sagemakerDialect, aws, step);
  expect(value).toEqual(logitsOf(stepRequest));
  expect(ours(seen[0]!.headers).sort()).toEqual(["accept", "content-type"]);
});

test("Vertex AI's container sees content type and redirect, and no token", async () => {
  const { value, seen } = await through(shared, gcp, step);
  expect(value).toEqual(logitsOf(stepRequest));
  expect(ours(seen[0]!.headers).sort()).toEqual(["content-type", "x-vertex-ai-triton-redirect"]);
});

const clouds: readonly (readonly [string, Dialect, Make, number])[] = [
  ["SageMaker", sagemakerDialect, aws, 6_291_456],
  ["Vertex AI's shared host", shared, gcp, 1_500_000],
  ["Vertex AI's dedicated host", vertexDialect(accounts, true, true), gcp, 10_000_000],
];

test.each(clouds)(
  "%s refuses a request above its ceiling, which its container never sees",
  async (_, dialect, make, most) => {
    const large = { ...stepRequest, pictures: [{ ...picture, prefix: new Uint8Array(most) }] };
    const { value, seen } = await through(dialect, make, (source) => failureOf(source, large));
    expect(told(value)).toBe("unreachable no");
    expect(seen).toHaveLength(0);
  },
);

test.each(clouds)("%s does not hand on an answer above its ceiling", async (_, dialect, make) => {
  const limits = { ...dialect.limits, answerBytes: good.body.byteLength - 1 };
  const { value, seen } = await through({ ...dialect, limits }, make, (source) => failureOf(source));
  expect(told(value)).toBe("unreachable no");
  expect(seen).toHaveLength(1);
});

test.each(clouds)("%s gives up on a container that is silent", async (_, dialect, make) => {
  const limits = { ...dialect.limits, timeoutMs: 100 };
  const { value } = await through({ ...dialect, limits }, make, (source) => failureOf(source), "silence");
  expect(told(value)).toBe("timeout/head unknown");
});
