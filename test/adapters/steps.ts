/** Step and decode requests, and the answers a good endpoint gives to them. */
import type { DecodeRequest, PictureStep, StepRequest } from "../../adapters/contract.ts";
import { bytesTensor } from "../../adapters/oip/bytes.ts";
import type { Frame } from "../../adapters/oip/frame.ts";
import { encodeResponse } from "../../adapters/oip/response.ts";
import { rawTensor } from "../../adapters/oip/tensor.ts";

export const revision = "sha256:0f0f";
export const numerics = "cpu-test-1";

/** The second step of a VAR: one token before it, four to come, a vocabulary of 16. */
export const picture: PictureStep = {
  prefix: Uint8Array.of(5, 0),
  condition: { kind: "class", index: 7 },
  guidance: [0, 1.5],
  corruption: { ratio: 0.25, kind: "embedding", seed: 2 ** 53 - 1 },
  prefixKey: "g1/0",
};

export const stepRequest: StepRequest = {
  id: "g1-1-0",
  model: "var-sprites",
  revision,
  schedule: "64",
  step: 1,
  tokens: "codebook",
  length: 4,
  width: 16,
  branches: 2,
  pictures: [picture],
  deadlineMs: 5000,
};

export const decodeRequest: DecodeRequest = {
  id: "g1-decode",
  model: "var-sprites",
  schedule: "64",
  format: "png",
  pictures: [Uint8Array.of(1, 0, 2, 0), Uint8Array.of(3, 0, 4, 0)],
  tokens: "codebook",
  deadlineMs: 5000,
};

export const goodStats = { device_ms: 1.5, cache: "miss", revision, numerics };

/** Bytes that tell their place: the logits of the answers below. */
export function logitsOf(request: StepRequest): Uint8Array {
  const { pictures, length, branches, width } = request;
  return Uint8Array.from(
    { length: pictures.length * length * branches * width * 2 },
    (_, i) => (i * 31) & 0x3f,
  );
}

/**
 * @param request the step to answer
 * @param stats what every picture's stats say
 * @returns the answer of a good endpoint
 */
export function stepAnswer(request: StepRequest, stats: unknown = goodStats): Frame {
  const { pictures, length, branches, width } = request;
  const n = pictures.length;
  return encodeResponse({
    id: request.id,
    model: request.model,
    parameters: {},
    outputs: [
      bytesTensor("stats", [n, 1], new Array<string>(n).fill(JSON.stringify(stats))),
      rawTensor("logits", "FP16", [n, length, branches, width], logitsOf(request)),
    ],
  });
}

/**
 * @param files one a picture
 * @param id the request's id
 * @returns the answer of a good decode endpoint
 */
export function decodeAnswer(files: readonly (string | Uint8Array)[], id = decodeRequest.id): Frame {
  const media = bytesTensor("media", [files.length, 1], files);
  return encodeResponse({ id, model: "var-sprites.decode", parameters: {}, outputs: [media] });
}

/**
 * @param pieces an answer's logits
 * @returns all of them
 */
export async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return new Uint8Array(Buffer.concat(parts));
}

/**
 * @param frame an answer
 * @returns the HTTP headers a good endpoint sends with it
 */
export function headersOf(frame: Frame): Record<string, string> {
  return {
    "content-type": "application/octet-stream",
    "inference-header-content-length": String(frame.headerLength),
    "content-length": String(frame.body.byteLength),
  };
}
