/** The JSON header of a message, from untrusted bytes to a value that can be trusted. */
import { utf8 } from "./bytes.ts";
import {
  type Datatype,
  elementBytes,
  elementCount,
  isDatatype,
  maxMessageBytes,
  parseShape,
} from "./datatype.ts";
import type { Parameters } from "./frame.ts";
import { Malformed, shown } from "./malformed.ts";

/** The most a header may take; those of the contract stay under 4 KiB. */
export const maxHeaderBytes = 64 * 1024;

/** The most tensors a message may list. */
export const maxTensors = 64;

/** A tensor as a header announces it. */
export interface Section {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** `binary_data_size`: bytes of its section. */
  readonly size: number;
}

/**
 * Reads `Inference-Header-Content-Length`.
 *
 * @param value the field's value, null when there is none
 * @returns the length, at most `maxHeaderBytes`
 * @throws Malformed when it is missing or no such number
 */
export function parseHeaderLength(value: string | null): number {
  if (value === null) throw new Malformed("no Inference-Header-Content-Length");
  const length = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(length >= 2 && length <= maxHeaderBytes)) {
    throw new Malformed(`Inference-Header-Content-Length ${shown(value)}`);
  }
  return length;
}

/**
 * @param bytes exactly the JSON header
 * @returns the object in it
 * @throws Malformed when it is not UTF-8, not JSON, not an object
 */
export function parseHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const text = utf8(bytes, "header");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed(`header is not JSON: ${shown(text)}`);
  }
  if (!isRecord(value)) throw new Malformed(`header is not an object: ${shown(text)}`);
  return value;
}

/**
 * Reads the list of tensors, all of which must be binary.
 *
 * @param value the header's `inputs` or `outputs`
 * @param what which of the two, for messages
 * @returns the sections in order; sizes fit shapes, names differ, the sum is below 2^31
 * @throws Malformed otherwise
 */
export function parseSections(value: unknown, what: string): readonly Section[] {
  if (!Array.isArray(value) || value.length > maxTensors) throw new Malformed(`${what}: ${shown(value)}`);
  const sections = (value as unknown[]).map((entry) => parseSection(entry, what));
  if (new Set(sections.map((section) => section.name)).size !== sections.length) {
    throw new Malformed(`${what}: a name stands twice`);
  }
  if (sections.reduce((sum, section) => sum + section.size, 0) > maxMessageBytes) {
    throw new Malformed(`${what}: too large`);
  }
  return sections;
}

/**
 * @param value the header's `parameters`, or undefined
 * @returns them; none is an empty object
 * @throws Malformed unless every value is a string, a finite number or a boolean
 */
export function parseParameters(value: unknown): Parameters {
  if (value === undefined) return {};
  if (!isRecord(value)) throw new Malformed(`parameters: ${shown(value)}`);
  const entries = Object.entries(value).map(([key, entry]): [string, string | number | boolean] => {
    if (typeof entry === "string" || typeof entry === "boolean" || Number.isFinite(entry)) {
      return [key, entry as string | number | boolean];
    }
    throw new Malformed(`parameters.${key}: ${shown(entry)}`);
  });
  return Object.fromEntries(entries);
}

/**
 * @param value the header's `id`, or undefined
 * @returns it, or null when there is none
 * @throws Malformed when it is not a string
 */
export function parseId(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value !== "string") throw new Malformed(`id: ${shown(value)}`);
  return value;
}

/**
 * @param value anything
 * @returns whether it is an object that is not an array
 */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseSection(value: unknown, what: string): Section {
  if (!isRecord(value)) throw new Malformed(`${what}: ${shown(value)}`);
  const { name, datatype, parameters } = value;
  if (typeof name !== "string") throw new Malformed(`${what}: name ${shown(name)}`);
  if (!isDatatype(datatype)) throw new Malformed(`${name}: datatype ${shown(datatype)}`);
  const shape = parseShape(value.shape);
  const size = isRecord(parameters) ? parameters.binary_data_size : undefined;
  if (value.data !== undefined) throw new Malformed(`${name}: data is JSON, not binary`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw new Malformed(`${name}: binary_data_size ${shown(size)}`);
  }
  const expected = datatype === "BYTES" ? size : elementCount(shape) * elementBytes[datatype];
  if (size !== expected)
    throw new Malformed(`${name}: binary_data_size ${size} where its shape takes ${expected}`);
  return { name, datatype, shape, size };
}
