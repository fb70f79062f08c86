/** An endpoint without a model: its logits are noise that depends on the prefix alone; now and then slow, refusing or cut off. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { bytesTensor } from "../../adapters/oip/bytes.ts";
import { headerLengthField } from "../../adapters/oip/frame.ts";
import { decodeRequest, type InferRequest } from "../../adapters/oip/request.ts";
import { encodeResponse } from "../../adapters/oip/response.ts";
import { rawTensor, type Tensor } from "../../adapters/oip/tensor.ts";
import { catalogue } from "../../src/catalogue/index.ts";
import { halves, headersOf, input, LENGTHS, stepOf, WIDTH } from "../noise-answers.ts";
import { type Random, randomOf } from "../random.ts";

const [model] = catalogue;
const STATS = JSON.stringify({ device_ms: 1, cache: "miss", revision: model.revision, numerics: "noise" });
/** Long enough to start anywhere. */
const NOISE = halves(randomOf(1), 3 * Math.max(...LENGTHS) * WIDTH);

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
  response.writeHead(200, headersOf(frame));
  if (luck >= 0.05) return void response.end(frame.body);
  response.write(frame.body.subarray(0, frame.body.byteLength / 2), () => response.destroy());
}

function stepped(asked: InferRequest): Tensor[] {
  const { length, branches } = stepOf(asked);
  const shape = [length, branches, WIDTH];
  const bytes = shape.reduce((product, size) => product * size, 2);
  const rows = picturesOf(asked).map((prefix) => {
    const start = 2 * (createHash("sha256").update(prefix).digest().readUInt32LE(0) % (NOISE.length / 6));
    return NOISE.subarray(start, start + bytes);
  });
  const stats = bytesTensor("stats", [rows.length, 1], Array<string>(rows.length).fill(STATS));
  return [stats, rawTensor("logits", "FP16", [rows.length, ...shape], Buffer.concat(rows))];
}

/** A picture is its tokens' hash: all that an audit needs. */
function decoded(asked: InferRequest): Tensor[] {
  const files = picturesOf(asked).map((tokens) => createHash("sha256").update(tokens).digest("hex"));
  return [bytesTensor("media", [files.length, 1], files)];
}

/** Each picture's tokens. */
function picturesOf(asked: InferRequest): Uint8Array[] {
  const { data, shape } = input(asked, "tokens");
  const size = data.byteLength / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, i) => data.subarray(i * size, (i + 1) * size));
}
