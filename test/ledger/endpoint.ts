/** An endpoint without a model: its logits are noise that depends on the prefix alone; now and then slow, refusing or cut off. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { bytesTensor } from "../../adapters/oip/bytes.ts";
import { contentType, headerLengthField } from "../../adapters/oip/frame.ts";
import { decodeRequest, type InferRequest } from "../../adapters/oip/request.ts";
import { encodeResponse } from "../../adapters/oip/response.ts";
import { fp32Values, int32Values, rawTensor, type Tensor } from "../../adapters/oip/tensor.ts";
import { catalogue } from "../../src/catalogue/index.ts";
import { type Random, randomOf } from "../random.ts";

const [model] = catalogue;
const [schedule] = model.schedules;
const WIDTH = model.tokens === "codebook" ? model.vocabulary : 0;
const STATS = JSON.stringify({ device_ms: 1, cache: "miss", revision: model.revision, numerics: "noise" });
const LONGEST = Math.max(...schedule!.steps.map(({ t, h, w }) => t * h * w));
/** FP16 between -4 and 4, long enough to start anywhere. */
const NOISE = noise(randomOf(1), 3 * LONGEST * WIDTH);

export interface NoiseEndpoint {
  readonly url: string;
  readonly numerics: string;
  readonly close: () => void;
}

/** Starts it on a port that the system gives. */
export async function startNoise(seed: number): Promise<NoiseEndpoint> {
  const random = randomOf(seed);
  const server = createServer((request, response) => {
    answer(random, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    numerics: "noise",
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(random: Random, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(request);
  const asked = decodeRequest(body, Number(request.headers[headerLengthField]));
  // One request in a hundred is refused for good: that generation fails through us.
  const luck = random.next();
  await new Promise((resolve) => setTimeout(resolve, random.chance(0.1) ? 1_000 : random.whole(150)));
  if (luck < 0.01) return void response.writeHead(400).end('{"error":"told to refuse"}');
  if (luck < 0.03) return void response.writeHead(503).end('{"error":"told to be busy"}');
  const isDecode = request.url!.includes(".decode");
  const outputs = isDecode ? decoded(asked) : stepped(asked);
  const frame = encodeResponse({ id: asked.id, model: model.id, parameters: {}, outputs });
  response.writeHead(200, {
    "content-type": contentType,
    "content-length": frame.body.byteLength,
    [headerLengthField]: frame.headerLength,
  });
  if (luck >= 0.05) return void response.end(frame.body);
  response.write(frame.body.subarray(0, frame.body.byteLength / 2), () => response.destroy());
}

function stepped({ inputs }: InferRequest): Tensor[] {
  const step = int32Values(input(inputs, "step"))[0]!;
  const isCorrupted = fp32Values(input(inputs, "corruption_ratio")).some((ratio) => ratio > 0);
  const { t, h, w } = schedule!.steps[step]!;
  const shape = [t * h * w, step > 0 && isCorrupted ? 2 : 1, WIDTH];
  const bytes = shape.reduce((product, size) => product * size, 2);
  const rows = picturesOf(inputs).map((prefix) => {
    const start = 2 * (createHash("sha256").update(prefix).digest().readUInt32LE(0) % (NOISE.length / 6));
    return NOISE.subarray(start, start + bytes);
  });
  const stats = bytesTensor("stats", [rows.length, 1], Array<string>(rows.length).fill(STATS));
  return [stats, rawTensor("logits", "FP16", [rows.length, ...shape], Buffer.concat(rows))];
}

/** A picture is its tokens' hash: all that an audit needs. */
function decoded({ inputs }: InferRequest): Tensor[] {
  const files = picturesOf(inputs).map((tokens) => createHash("sha256").update(tokens).digest("hex"));
  return [bytesTensor("media", [files.length, 1], files)];
}

/** Each picture's tokens. */
function picturesOf(inputs: readonly Tensor[]): Uint8Array[] {
  const { data, shape } = input(inputs, "tokens");
  const size = data.byteLength / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, i) => data.subarray(i * size, (i + 1) * size));
}

const input = (inputs: readonly Tensor[], name: string) => inputs.find((one) => one.name === name)!;

function noise(random: Random, values: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values));
  for (let i = 0; i < values; i++) view.setFloat16(2 * i, random.next() * 8 - 4, true);
  return new Uint8Array(view.buffer);
}
