/**
 * An endpoint that costs next to nothing: every step's answer is made once, of noise, and sent again and again, after as
 * many milliseconds as its argument says.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { bytesTensor } from "../../../adapters/oip/bytes.ts";
import { contentType, headerLengthField } from "../../../adapters/oip/frame.ts";
import { decodeRequest, type InferRequest } from "../../../adapters/oip/request.ts";
import { encodeResponse } from "../../../adapters/oip/response.ts";
import { fp32Values, int32Values, rawTensor, type Tensor } from "../../../adapters/oip/tensor.ts";
import { catalogue } from "../../../src/catalogue/index.ts";
import { randomOf } from "../../random.ts";
import { announce } from "./message.ts";

const [model] = catalogue;
const [schedule] = model.schedules;
const width = model.tokens === "codebook" ? model.vocabulary : 0;
const stats = JSON.stringify({ device_ms: 0, cache: "hit", revision: model.revision, numerics: "noise" });
const random = randomOf(1);
/** A decoded picture: about as many bytes as a small PNG has. */
const picture = Uint8Array.from({ length: 4096 }, () => random.whole(256));
const deviceMs = Number(process.argv[2]);
const made = new Map<string, readonly Tensor[]>();

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.destroy();
  });
});
server.listen(0, "127.0.0.1", () => {
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => void server.close());
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = decodeRequest(await buffer(request), Number(request.headers[headerLengthField]));
  if (deviceMs > 0) await new Promise((resolve) => setTimeout(resolve, deviceMs));
  const outputs = request.url!.includes(".decode") ? decoded(asked) : stepped(asked);
  const frame = encodeResponse({ id: asked.id, model: model.id, parameters: {}, outputs });
  response.writeHead(200, {
    "content-type": contentType,
    "content-length": frame.body.byteLength,
    [headerLengthField]: frame.headerLength,
  });
  response.end(frame.body);
}

function stepped({ inputs }: InferRequest): readonly Tensor[] {
  const step = int32Values(input(inputs, "step"))[0]!;
  const pictures = input(inputs, "tokens").shape[0]!;
  const isCorrupted = fp32Values(input(inputs, "corruption_ratio")).some((ratio) => ratio > 0);
  const branches = step > 0 && isCorrupted ? 2 : 1;
  const { t, h, w } = schedule!.steps[step]!;
  return remembered(`${pictures} ${step} ${branches}`, () => [
    bytesTensor("stats", [pictures, 1], Array<string>(pictures).fill(stats)),
    noise("logits", [pictures, t * h * w, branches, width]),
  ]);
}

function decoded({ inputs }: InferRequest): readonly Tensor[] {
  const pictures = input(inputs, "tokens").shape[0]!;
  return remembered(`${pictures}`, () => [
    bytesTensor("media", [pictures, 1], Array<Uint8Array>(pictures).fill(picture)),
  ]);
}

/** FP16 between -4 and 4. */
function noise(name: string, shape: readonly number[]): Tensor {
  const values = shape.reduce((product, size) => product * size, 1);
  const view = new DataView(new ArrayBuffer(2 * values));
  for (let i = 0; i < values; i++) view.setFloat16(2 * i, random.next() * 8 - 4, true);
  return rawTensor(name, "FP16", shape, new Uint8Array(view.buffer));
}

function remembered(key: string, make: () => readonly Tensor[]): readonly Tensor[] {
  const known = made.get(key) ?? make();
  made.set(key, known);
  return known;
}

const input = (inputs: readonly Tensor[], name: string) => inputs.find((one) => one.name === name)!;
