/** The tensor datatypes the step contract uses, and the bytes an element takes (OIP v2, "Tensor Data Types"). */
import { Malformed, shown } from "./malformed.ts";

/** Bytes an element; BYTES has none: each of its elements carries its own length. */
export const elementBytes = { UINT8: 1, UINT16: 2, FP16: 2, INT32: 4, FP32: 4, UINT64: 8 } as const;

export type FixedDatatype = keyof typeof elementBytes;
export type Datatype = FixedDatatype | "BYTES";

/** Triton parses lengths as int32; nothing larger is a message. */
export const maxMessageBytes = 2 ** 31 - 1;

/** The most dimensions a tensor of ours could have, with room. */
const maxRank = 8;

/**
 * @param value anything
 * @returns whether it names a datatype of the contract
 */
export function isDatatype(value: unknown): value is Datatype {
  return value === "BYTES" || (typeof value === "string" && Object.hasOwn(elementBytes, value));
}

/**
 * Checks a shape from the wire.
 *
 * @param value anything
 * @returns the shape, whose product is below 2^31 as well
 * @throws Malformed unless it is an array of at most eight integers, none negative
 */
export function parseShape(value: unknown): readonly number[] {
  if (!Array.isArray(value) || value.length > maxRank) throw new Malformed(`shape ${shown(value)}`);
  const shape: number[] = [];
  for (const size of value as unknown[]) {
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
      throw new Malformed(`shape ${shown(value)}`);
    }
    shape.push(size);
  }
  elementCount(shape);
  return shape;
}

/**
 * @param shape sizes, none negative
 * @returns their product
 * @throws Malformed when it is 2^31 or more
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (size > maxMessageBytes) throw new Malformed(`shape ${shown(shape)} is too large`);
    count *= size;
    if (count > maxMessageBytes) throw new Malformed(`shape ${shown(shape)} is too large`);
  }
  return count;
}

/**
 * @param a a shape
 * @param b another
 * @returns whether they are the same
 */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
