/** A tensor as its bytes on the wire (little endian, row major), with one maker and one reader a datatype. */
import { type Datatype, elementBytes, elementCount } from "./datatype.ts";
import { Malformed } from "./malformed.ts";

export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Exactly the bytes of its section in the message. */
  readonly data: Uint8Array;
}

type Shape = readonly number[];

const maxUint64 = 2n ** 64n - 1n;

/**
 * Wraps bytes that are in the wire's form already (tokens, FP16).
 *
 * @param name the tensor's name
 * @param datatype any datatype of fixed width
 * @param shape its shape
 * @param data little endian, row major; kept, not copied
 * @returns the tensor
 * @throws Malformed when the bytes do not fill the shape
 */
export function rawTensor(
  name: string,
  datatype: keyof typeof elementBytes,
  shape: Shape,
  data: Uint8Array,
): Tensor {
  const tensor = { name, datatype, shape, data };
  checkSize(tensor);
  return tensor;
}

/**
 * @param name the tensor's name
 * @param shape its shape
 * @param values integers of 32 bits
 * @returns an INT32 tensor
 * @throws Malformed on a value out of range or a wrong count
 */
export function int32Tensor(name: string, shape: Shape, values: readonly number[]): Tensor {
  return packed(name, "INT32", shape, values, (view, at, value) => {
    if ((value | 0) !== value) throw new Malformed(`${name}: ${value} is not a 32-bit integer`);
    view.setInt32(at, value, true);
  });
}

/**
 * @param name the tensor's name
 * @param shape its shape
 * @param values any numbers; each is rounded once to float32
 * @returns an FP32 tensor
 * @throws Malformed on a value that is not finite as a float32, or a wrong count
 */
export function fp32Tensor(name: string, shape: Shape, values: readonly number[]): Tensor {
  return packed(name, "FP32", shape, values, (view, at, value) => {
    if (!Number.isFinite(Math.fround(value)))
      throw new Malformed(`${name}: ${value} is not a finite float32`);
    view.setFloat32(at, value, true);
  });
}

/**
 * @param name the tensor's name
 * @param shape its shape
 * @param values integers from 0; numbers up to 2^53 - 1, bigints up to 2^64 - 1
 * @returns a UINT64 tensor
 * @throws Malformed on a value out of range or a wrong count
 */
export function uint64Tensor(name: string, shape: Shape, values: readonly (number | bigint)[]): Tensor {
  return packed(name, "UINT64", shape, values, (view, at, value) => {
    const exact = typeof value === "bigint" ? value <= maxUint64 : Number.isSafeInteger(value);
    if (!exact || value < 0) throw new Malformed(`${name}: ${value} is not an exact unsigned 64-bit integer`);
    view.setBigUint64(at, BigInt(value), true);
  });
}

/**
 * @param tensor an INT32 tensor
 * @returns its values
 * @throws Malformed on another datatype
 */
export function int32Values(tensor: Tensor): Int32Array {
  const view = viewOf(tensor, "INT32");
  return Int32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getInt32(i * 4, true));
}

/**
 * @param tensor an FP32 tensor
 * @returns its values
 * @throws Malformed on another datatype
 */
export function fp32Values(tensor: Tensor): Float32Array {
  const view = viewOf(tensor, "FP32");
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

/**
 * @param tensor a UINT16 tensor
 * @returns its values
 * @throws Malformed on another datatype
 */
export function uint16Values(tensor: Tensor): Uint16Array {
  const view = viewOf(tensor, "UINT16");
  return Uint16Array.from({ length: view.byteLength / 2 }, (_, i) => view.getUint16(i * 2, true));
}

/**
 * @param tensor a UINT64 tensor
 * @returns its values
 * @throws Malformed on another datatype
 */
export function uint64Values(tensor: Tensor): BigUint64Array {
  const view = viewOf(tensor, "UINT64");
  return BigUint64Array.from({ length: view.byteLength / 8 }, (_, i) => view.getBigUint64(i * 8, true));
}

/**
 * @param tensor a tensor of fixed width
 * @throws Malformed unless its bytes fill its shape exactly
 */
export function checkSize(tensor: Tensor): void {
  if (tensor.datatype === "BYTES") return;
  const expected = elementCount(tensor.shape) * elementBytes[tensor.datatype];
  if (tensor.data.byteLength !== expected) {
    throw new Malformed(`${tensor.name}: ${tensor.data.byteLength} bytes where its shape takes ${expected}`);
  }
}

function packed<T>(
  name: string,
  datatype: keyof typeof elementBytes,
  shape: Shape,
  values: readonly T[],
  put: (view: DataView, at: number, value: T) => void,
): Tensor {
  const width = elementBytes[datatype];
  const data = new Uint8Array(values.length * width);
  const view = new DataView(data.buffer);
  for (const [i, value] of values.entries()) put(view, i * width, value);
  return rawTensor(name, datatype, shape, data);
}

function viewOf(tensor: Tensor, datatype: Datatype): DataView {
  if (tensor.datatype !== datatype)
    throw new Malformed(`${tensor.name}: ${tensor.datatype}, not ${datatype}`);
  checkSize(tensor);
  return new DataView(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}
