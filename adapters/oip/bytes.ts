/** BYTES tensors: every element behind its length, an unsigned 32-bit little endian integer. */
import { elementCount } from "./datatype.ts";
import { Malformed } from "./malformed.ts";
import type { Tensor } from "./tensor.ts";

/** Bytes of the length before each element. */
export const prefixBytes = 4;

const encoder = new TextEncoder();

/**
 * @param name the tensor's name
 * @param shape its shape
 * @param values texts (sent as UTF-8) or bytes
 * @returns a BYTES tensor
 * @throws Malformed when there are more or fewer values than the shape says
 */
export function bytesTensor(
  name: string,
  shape: readonly number[],
  values: readonly (string | Uint8Array)[],
): Tensor {
  if (values.length !== elementCount(shape)) {
    throw new Malformed(`${name}: ${values.length} values where its shape takes ${elementCount(shape)}`);
  }
  const elements = values.map((value) => (typeof value === "string" ? encoder.encode(value) : value));
  const data = new Uint8Array(elements.reduce((sum, element) => sum + prefixBytes + element.byteLength, 0));
  const view = new DataView(data.buffer);
  let at = 0;
  for (const element of elements) {
    view.setUint32(at, element.byteLength, true);
    data.set(element, at + prefixBytes);
    at += prefixBytes + element.byteLength;
  }
  return { name, datatype: "BYTES", shape, data };
}

/**
 * @param tensor a BYTES tensor
 * @returns its elements, as views on its bytes
 * @throws Malformed on another datatype, or when the lengths do not add up to the section
 */
export function bytesValues(tensor: Tensor): Uint8Array[] {
  const { name, data } = tensor;
  if (tensor.datatype !== "BYTES") throw new Malformed(`${name}: ${tensor.datatype}, not BYTES`);
  const count = elementCount(tensor.shape);
  // Before anything is made of the count: it comes from the other side, the bytes are here.
  if (count * prefixBytes > data.byteLength)
    throw new Malformed(`${name}: too few bytes for ${count} elements`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const elements: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + prefixBytes > data.byteLength) throw new Malformed(`${name}: element ${i} is cut off`);
    const end = at + prefixBytes + view.getUint32(at, true);
    if (end > data.byteLength) throw new Malformed(`${name}: element ${i} is cut off`);
    elements.push(data.subarray(at + prefixBytes, end));
    at = end;
  }
  if (at !== data.byteLength)
    throw new Malformed(`${name}: ${data.byteLength - at} bytes after its last element`);
  return elements;
}

/**
 * @param tensor a BYTES tensor
 * @returns its elements as texts
 * @throws Malformed as `bytesValues` does, and on bytes that are not UTF-8
 */
export function textValues(tensor: Tensor): string[] {
  return bytesValues(tensor).map((element) => utf8(element, tensor.name));
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * @param bytes what should be UTF-8
 * @param what its name in the message
 * @returns the text; a byte order mark stays
 * @throws Malformed when it is not UTF-8
 */
export function utf8(bytes: Uint8Array, what: string): string {
  try {
    return strict.decode(bytes);
  } catch {
    throw new Malformed(`${what}: not UTF-8`);
  }
}
