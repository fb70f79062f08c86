/** A small OIP endpoint of noise, with the front ends that a Triton has: its own, SageMaker's, Vertex AI's. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DecodeRequest, PictureStep, StepRequest } from "../../adapters/contract.ts";
import { bytesTensor, textValues } from "../../adapters/oip/bytes.ts";
import { headerLengthField, vendorHeaderLength, vendorType } from "../../adapters/oip/frame.ts";
import { Malformed } from "../../adapters/oip/malformed.ts";
import { decodeRequest, type InferRequest } from "../../adapters/oip/request.ts";
import { encodeResponse } from "../../adapters/oip/response.ts";
import { fp32Values, int32Values, rawTensor, type Tensor } from "../../adapters/oip/tensor.ts";
import { catalogue } from "../../src/catalogue/index.ts";
import { noiseSource } from "../noise-source.ts";
import { gathered } from "./steps.ts";
import { wholeOf } from "./whole.ts";

const model = catalogue[0];
const [schedule] = model.schedules;
const lengths = schedule!.steps.map(({ t, h, w }) => t * h * w);
const width = "vocabulary" in model ? model.vocabulary : 0;
const noise = noiseSource();
const never = new AbortController().signal;

export interface NoiseEndpoint {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts it on a port of the system's choice. */
export async function startNoise(): Promise<NoiseEndpoint> {
  const server = createServer(async (request, response) => {
    try {
      await serve(request, response);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const unknown = error.message.startsWith("Request for unknown model");
      response.writeHead(unknown ? 404 : 400).end(JSON.stringify({ error: error.message }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = new Uint8Array(await wholeOf(request));
  const { path, headerLength, front } = addressed(request);
  const name = /^\/?v2\/models\/([^/]+)\/(?:versions\/\d+\/)?infer$/.exec(path)?.[1];
  if (name !== model.id && name !== `${model.id}.decode`)
    throw new Malformed(`Request for unknown model: '${name}' is not found`);
  const asked = decodeRequest(body, Number(headerLength));
  const decodes = name.endsWith(".decode") || asked.parameters.op === "decode";
  const outputs = await (decodes ? decoded(asked) : stepped(asked));
  const frame = encodeResponse({ id: asked.id, model: name, parameters: {}, outputs });
  // As a Triton does, and unlike the frame's own maker: nothing between JSON and tensors.
  const json = new TextDecoder().decode(frame.body.subarray(0, frame.headerLength)).trimEnd();
  const answer = Buffer.concat([Buffer.from(json), frame.body.subarray(frame.headerLength)]);
  const length = Buffer.byteLength(json);
  response.writeHead(200, {
    "content-length": answer.byteLength,
    ...(front === "sagemaker"
      ? { "content-type": vendorType(length, "sagemaker") }
      : { "content-type": "application/octet-stream", [headerLengthField]: length }),
  });
  response.end(answer);
}

function addressed({ url = "", headers }: IncomingMessage) {
  const own = `/v2/models/${model.id}/infer`;
  const type = headers["content-type"];
  if (url === "/invocations")
    return { path: own, front: "sagemaker", headerLength: vendorHeaderLength(type, "sagemaker") };
  const headerLength = headers[headerLengthField];
  if (url !== "/predict") return { path: url, front: "own", headerLength };
  const redirect = headers["x-vertex-ai-triton-redirect"];
  return {
    path: typeof redirect === "string" ? redirect : own,
    front: "own",
    headerLength: vendorHeaderLength(type, "vertex-ai"),
  };
}

function inputOf({ inputs }: InferRequest, name: string): Tensor {
  const found = inputs.find((input) => input.name === name);
  if (found === undefined) throw new Malformed(`${name}: missing`);
  return found;
}

function rowsOf(tensor: Tensor): Uint8Array[] {
  const n = tensor.shape[0]!;
  const size = tensor.data.byteLength / n;
  return Array.from({ length: n }, (_, i) => tensor.data.slice(i * size, (i + 1) * size));
}

function checkSchedule(asked: InferRequest): void {
  if (textValues(inputOf(asked, "schedule")).some((name) => name !== schedule!.name))
    throw new Malformed("schedule: unknown");
}

async function stepped(asked: InferRequest): Promise<Tensor[]> {
  checkSchedule(asked);
  const step = int32Values(inputOf(asked, "step"))[0]!;
  const prefixes = rowsOf(inputOf(asked, "tokens"));
  const ratios = fp32Values(inputOf(asked, "corruption_ratio"));
  const length = lengths[step];
  if (length === undefined) throw new Malformed("step: too large");
  const before = lengths.slice(0, step).reduce((sum, size) => sum + size, 0);
  if (prefixes.some((prefix) => prefix.byteLength !== 2 * before)) throw new Malformed("tokens: too few");
  const branches = step > 0 && ratios[0]! > 0 ? 2 : 1;
  const pictures = prefixes.map(
    (prefix, i): PictureStep => ({
      prefix,
      condition: { kind: "class", index: 0 },
      guidance: [],
      corruption: { ratio: ratios[i]!, kind: "embedding", seed: 0 },
      prefixKey: "",
    }),
  );
  const request: StepRequest = {
    ...{ id: "", model: model.id, revision: model.revision, schedule: "", step, tokens: "codebook" },
    ...{ length, width, branches, pictures, deadlineMs: 60_000 },
  };
  const answer = await noise.step(request, never);
  const n = pictures.length;
  const stats = answer.stats.map(({ deviceMs, ...rest }) => JSON.stringify({ device_ms: deviceMs, ...rest }));
  return [
    bytesTensor("stats", [n, 1], stats),
    rawTensor("logits", "FP16", [n, length, branches, width], await gathered(answer.logits)),
  ];
}

async function decoded(asked: InferRequest): Promise<Tensor[]> {
  checkSchedule(asked);
  const pictures = rowsOf(inputOf(asked, "tokens"));
  const request = { pictures } as unknown as DecodeRequest;
  const { media } = await noise.decode(request, never);
  return [bytesTensor("media", [media.length, 1], media)];
}
