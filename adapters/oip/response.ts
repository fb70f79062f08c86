/** Inference answers that are here whole: written by the built-in endpoint, read where they are small. */
import { type Frame, frame, type Parameters } from "./frame.ts";
import { parseHeader, parseId, parseParameters, parseSections } from "./header.ts";
import { announced, cut, headOf } from "./request.ts";
import type { Tensor } from "./tensor.ts";

export interface InferResponse {
  /** The request's id; null when it had none. */
  readonly id: string | null;
  readonly model: string;
  readonly parameters: Parameters;
  readonly outputs: readonly Tensor[];
}

/**
 * Writes an answer.
 *
 * @param response what to answer, its outputs in the order they were asked for
 * @returns the body and the length of its JSON header
 * @throws Malformed when a tensor does not fill its shape
 */
export function encodeResponse(response: InferResponse): Frame {
  const header = {
    ...(response.id === null ? {} : { id: response.id }),
    model_name: response.model,
    model_version: "1",
    ...(Object.keys(response.parameters).length === 0 ? {} : { parameters: response.parameters }),
    outputs: response.outputs.map(announced),
  };
  return frame(header, response.outputs);
}

/**
 * Reads an answer that is here whole; for one that is still arriving, or that is large, see `openResponse`.
 *
 * @param body the decoded body
 * @param headerLength from `Inference-Header-Content-Length`
 * @returns the answer; its tensors are views on the body
 * @throws Malformed when anything does not fit
 */
export function decodeResponse(body: Uint8Array, headerLength: number): InferResponse {
  const header = parseHeader(headOf(body, headerLength));
  return {
    id: parseId(header.id),
    model: typeof header.model_name === "string" ? header.model_name : "",
    parameters: parseParameters(header.parameters),
    outputs: cut(body, headerLength, parseSections(header.outputs, "outputs")),
  };
}
