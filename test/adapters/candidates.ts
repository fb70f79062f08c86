/** Answers with candidates, as a good endpoint gives them, and in parts so that a test can spoil one. */
import type { Sampling, StepRequest } from "../../adapters/contract.ts";
import { bytesTensor } from "../../adapters/oip/bytes.ts";
import type { Frame } from "../../adapters/oip/frame.ts";
import { encodeResponse } from "../../adapters/oip/response.ts";
import { fp32Tensor, int32Tensor, rawTensor, type Tensor } from "../../adapters/oip/tensor.ts";
import { type Narrowed, narrow } from "../../kernels/edge/narrowing.ts";
import { goodStats, stepRequest } from "./steps.ts";

export const sampling: Sampling = { lambda: 1.5, temperature: 0.9, topK: 6, topP: 0.8 };

/** Two pictures of the step of ./steps.ts, sampled so that most tokens cannot be drawn. */
export const sampledRequest: StepRequest = {
  ...stepRequest,
  sampling,
  pictures: [...stepRequest.pictures, ...stepRequest.pictures],
};

/** FP16 noise for a step: [n, L_k, branches, width]. */
export function noiseFor({ pictures, length, branches, width }: StepRequest, seed = 1): Uint8Array {
  let state = seed;
  const values = Float16Array.from({ length: pictures.length * length * branches * width }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 8 - 8;
  });
  return new Uint8Array(values.buffer);
}

/** What an endpoint leaves over of each picture's logits. */
export function narrowed(request: StepRequest, logits: Uint8Array): Narrowed[] {
  const { tokens, length, width, branches, step, pictures } = request;
  const settings = { tokens, length, width, branches, step, seed: 0, ...request.sampling! };
  const size = logits.byteLength / pictures.length;
  return pictures.map((_, i) => narrow(settings, logits.slice(i * size, (i + 1) * size)));
}

/** The four tensors of an answer, its pictures padded to the largest. */
export function candidateTensors({ length, branches }: StepRequest, pictures: readonly Narrowed[]): Tensor[] {
  const n = pictures.length;
  const size = Math.max(...pictures.map(({ tokens }) => tokens.length));
  const tokens = new Uint16Array(n * size).fill(0xffff);
  const logits = new Uint16Array(n * size * branches).fill(0xfc00);
  for (const [i, one] of pictures.entries()) {
    tokens.set(one.tokens, i * size);
    new Uint8Array(logits.buffer).set(one.logits, i * size * branches * 2);
  }
  return [
    int32Tensor(
      "candidate_count",
      [n, length],
      pictures.flatMap(({ counts }) => [...counts]),
    ),
    fp32Tensor(
      "candidate_mass",
      [n, length],
      pictures.flatMap(({ masses }) => [...masses]),
    ),
    rawTensor("candidate_token", "UINT16", [n, size], new Uint8Array(tokens.buffer)),
    rawTensor("candidate_logits", "FP16", [n, size, branches], new Uint8Array(logits.buffer)),
  ];
}

/** The whole message. */
export function candidateAnswer(request: StepRequest, tensors: readonly Tensor[]): Frame {
  const n = request.pictures.length;
  const stats = bytesTensor("stats", [n, 1], new Array<string>(n).fill(JSON.stringify(goodStats)));
  return encodeResponse({
    id: request.id,
    model: request.model,
    parameters: {},
    outputs: [stats, ...tensors],
  });
}
