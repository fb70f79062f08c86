/** Inference requests: written by the edge, read by the built-in endpoint. */
import { bytesValues } from "./bytes.ts";
import { type Frame, frame, type Parameters } from "./frame.ts";
import {
  isRecord,
  maxHeaderBytes,
  maxTensors,
  parseHeader,
  parseId,
  parseParameters,
  parseSections,
  type Section,
} from "./header.ts";
import { Malformed, shown } from "./malformed.ts";
import type { Tensor } from "./tensor.ts";

export interface InferRequest {
  /** Echoed in the answer; null when the caller gave none. */
  readonly id: string | null;
  readonly parameters: Parameters;
  readonly inputs: readonly Tensor[];
  /** Names of the outputs to come back, as binary tensors in this order; empty: all the model has. */
  readonly outputs: readonly string[];
}

/**
 * Writes a request.
 *
 * @param request what to ask
 * @returns the body and the length of its JSON header
 * @throws Malformed when a tensor does not fill its shape
 * @example
 * const { headerLength, body } = encodeRequest({ id: "g1-0", parameters: {}, inputs: [step], outputs: ["logits"] });
 */
export function encodeRequest(request: InferRequest): Frame {
  const header = {
    ...(request.id === null ? {} : { id: request.id }),
    ...(Object.keys(request.parameters).length === 0 ? {} : { parameters: request.parameters }),
    inputs: request.inputs.map(announced),
    ...(request.outputs.length === 0
      ? {}
      : { outputs: request.outputs.map((name) => ({ name, parameters: { binary_data: true } })) }),
  };
  return frame(header, request.inputs);
}

/**
 * Reads a request that is here whole.
 *
 * @param body the decoded body (after any Content-Encoding)
 * @param headerLength from `Inference-Header-Content-Length` (see `parseHeaderLength`)
 * @returns the request; its tensors are views on the body, checked against their shapes, BYTES walked
 * @throws Malformed with a message that names the field; an endpoint answers 400 with it
 */
export function decodeRequest(body: Uint8Array, headerLength: number): InferRequest {
  const header = parseHeader(headOf(body, headerLength));
  const sections = parseSections(header.inputs, "inputs");
  const parameters = parseParameters(header.parameters);
  return {
    id: parseId(header.id),
    parameters,
    inputs: cut(body, headerLength, sections),
    outputs: parseAsked(header.outputs, parameters.binary_data_output === true),
  };
}

/**
 * A tensor's entry in a header.
 *
 * @param tensor the tensor
 * @returns its name, shape, datatype and size
 */
export function announced(tensor: Tensor): object {
  const { name, shape, datatype, data } = tensor;
  return { name, shape, datatype, parameters: { binary_data_size: data.byteLength } };
}

/**
 * @param body a whole message
 * @param headerLength the length of its JSON header
 * @returns the header's bytes
 * @throws Malformed when there are none, too many, or the body is shorter
 */
export function headOf(body: Uint8Array, headerLength: number): Uint8Array {
  if (!Number.isInteger(headerLength) || headerLength < 2 || headerLength > maxHeaderBytes) {
    throw new Malformed(`a header of ${headerLength} bytes`);
  }
  if (headerLength > body.byteLength) throw new Malformed("the header is cut off");
  return body.subarray(0, headerLength);
}

/**
 * Cuts a message into its tensors.
 *
 * @param body a whole message
 * @param start where the tensors start
 * @param sections what the header announced
 * @returns a view a tensor
 * @throws Malformed when the body is shorter or longer, or the lengths in a BYTES tensor do not add up
 */
export function cut(body: Uint8Array, start: number, sections: readonly Section[]): Tensor[] {
  const total = sections.reduce((sum, section) => sum + section.size, start);
  if (body.byteLength !== total)
    throw new Malformed(`a body of ${body.byteLength} bytes, announced ${total}`);
  let at = start;
  return sections.map(({ name, datatype, shape, size }) => {
    const tensor = { name, datatype, shape, data: body.subarray(at, at + size) };
    at += size;
    if (datatype === "BYTES") bytesValues(tensor);
    return tensor;
  });
}

function parseAsked(value: unknown, binaryByDefault: boolean): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > maxTensors) throw new Malformed(`outputs: ${shown(value)}`);
  const names = (value as unknown[]).map((entry) => parseOutput(entry, binaryByDefault));
  if (new Set(names).size !== names.length) throw new Malformed("outputs: a name stands twice");
  return names;
}

/** FP16 has no JSON form, so what is not asked for as binary cannot be answered. */
function parseOutput(entry: unknown, binaryByDefault: boolean): string {
  if (!isRecord(entry) || typeof entry.name !== "string") throw new Malformed(`outputs: ${shown(entry)}`);
  const flag = isRecord(entry.parameters) ? entry.parameters.binary_data : undefined;
  if (!(flag === undefined ? binaryByDefault : flag === true)) {
    throw new Malformed(`outputs: ${shown(entry.name)} must be asked for with binary_data`);
  }
  return entry.name;
}
