/**
 * An endpoint that costs next to nothing: every step's answer is made once, of noise, and sent again and again, after as
 * many milliseconds as its argument says.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { bytesTensor } from "../../../adapters/oip/bytes.ts";
import { headerLengthField } from "../../../adapters/oip/frame.ts";
import { decodeRequest, type InferRequest } from "../../../adapters/oip/request.ts";
import { encodeResponse } from "../../../adapters/oip/response.ts";
import { rawTensor, type Tensor } from "../../../adapters/oip/tensor.ts";
import { catalogue } from "../../../src/catalogue/index.ts";
import { halves, headersOf, input, stepOf, WIDTH } from "../../noise-answers.ts";
import { randomOf } from "../../random.ts";
import { announce } from "./message.ts";

const [model] = catalogue;
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
  response.writeHead(200, headersOf(frame));
  response.end(frame.body);
}

function stepped(asked: InferRequest): readonly Tensor[] {
  const { step, length, branches } = stepOf(asked);
  const pictures = input(asked, "tokens").shape[0]!;
  return remembered(`${pictures} ${step} ${branches}`, () => [
    bytesTensor("stats", [pictures, 1], Array<string>(pictures).fill(stats)),
    rawTensor(
      "logits",
      "FP16",
      [pictures, length, branches, WIDTH],
      halves(random, pictures * length * branches * WIDTH),
    ),
  ]);
}

function decoded(asked: InferRequest): readonly Tensor[] {
  const pictures = input(asked, "tokens").shape[0]!;
  return remembered(`${pictures}`, () => [
    bytesTensor("media", [pictures, 1], Array<Uint8Array>(pictures).fill(picture)),
  ]);
}

function remembered(key: string, make: () => readonly Tensor[]): readonly Tensor[] {
  const known = made.get(key) ?? make();
  made.set(key, known);
  return known;
}
