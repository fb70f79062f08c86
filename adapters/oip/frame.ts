/** A message's bytes: the JSON header, padded so that the tensors start aligned, then the tensors without gaps. */
import { maxMessageBytes } from "./datatype.ts";
import { Malformed } from "./malformed.ts";
import { checkSize, type Tensor } from "./tensor.ts";

/** HTTP header that carries the JSON header's length, in requests and answers alike. */
export const headerLengthField = "inference-header-content-length";

/** Content type of a message with binary tensors. */
export const contentType = "application/octet-stream";

/** Clouds that pass no header through to Triton: there the content type carries the JSON header's length. */
type Vendor = "sagemaker" | "vertex-ai";

export interface Frame {
  /** Goes into `Inference-Header-Content-Length`. */
  readonly headerLength: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Values that `parameters` may hold: Triton refuses arrays and objects. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** Sections after the header start at a multiple of this, so that the receiver may view them in place. */
const alignment = 8;

const encoder = new TextEncoder();

/**
 * Joins header and tensors.
 *
 * @param header what `JSON.stringify` writes
 * @param tensors in the order the header lists them
 * @returns one buffer, to be sent with a Content-Length
 * @throws Malformed when a tensor does not fill its shape, or the message is 2^31 bytes or more
 */
export function frame(header: object, tensors: readonly Tensor[]): Frame {
  for (const tensor of tensors) checkSize(tensor);
  const json = encoder.encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.byteLength / alignment) * alignment;
  const total = tensors.reduce((sum, tensor) => sum + tensor.data.byteLength, headerLength);
  if (total > maxMessageBytes) throw new Malformed(`a message of ${total} bytes`);
  const body = new Uint8Array(total);
  body.set(json);
  body.fill(0x20, json.byteLength, headerLength);
  let at = headerLength;
  for (const tensor of tensors) {
    body.set(tensor.data, at);
    at += tensor.data.byteLength;
  }
  return { headerLength, body };
}

/**
 * @param headerLength a frame's
 * @param vendor whose front end it goes to
 * @returns the content type to send
 */
export function vendorType(headerLength: number, vendor: Vendor): string {
  return `${typeOf(vendor)}${headerLength}`;
}

/**
 * @param type an answer's content type
 * @param vendor whose front end it comes from
 * @returns the JSON header's length as it stands there, null when this is no such type
 */
export function vendorHeaderLength(type: string | undefined, vendor: Vendor): string | null {
  const start = typeOf(vendor);
  return type?.startsWith(start) ? type.slice(start.length) : null;
}

/** To the letter as Triton compares it: no space behind the semicolon. */
const typeOf = (vendor: Vendor) => `application/vnd.${vendor}-triton.binary+json;json-header-size=`;
