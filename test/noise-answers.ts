/** What endpoints of noise have in common: what is asked of them, noise as logits, and how an answer goes out. */
import type { OutgoingHttpHeaders } from "node:http";
import { contentType, type Frame, headerLengthField } from "../adapters/oip/frame.ts";
import type { InferRequest } from "../adapters/oip/request.ts";
import { fp32Values, int32Values, type Tensor } from "../adapters/oip/tensor.ts";
import { catalogue } from "../src/catalogue/index.ts";
import type { Random } from "./random.ts";

const [model] = catalogue;
const [schedule] = model.schedules;

/** Logits of a row. */
export const WIDTH = model.tokens === "codebook" ? model.vocabulary : 0;

/** Tokens of a picture, step by step. */
export const LENGTHS = schedule!.steps.map(({ t, h, w }) => t * h * w);

/** An input that every request of its kind has. */
export const input = ({ inputs }: InferRequest, name: string): Tensor =>
  inputs.find((one) => one.name === name)!;

/** The step that is asked for, and what its logits are: rows of a picture, and one or two branches of each. */
export function stepOf(asked: InferRequest): { step: number; length: number; branches: number } {
  const step = int32Values(input(asked, "step"))[0]!;
  const isCorrupted = fp32Values(input(asked, "corruption_ratio")).some((ratio) => ratio > 0);
  return { step, length: LENGTHS[step]!, branches: step > 0 && isCorrupted ? 2 : 1 };
}

/** FP16 between -4 and 4, little endian. */
export function halves(random: Random, values: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values));
  for (let i = 0; i < values; i++) view.setFloat16(2 * i, random.next() * 8 - 4, true);
  return new Uint8Array(view.buffer);
}

/** The HTTP head of a whole answer. */
export const headersOf = ({ body, headerLength }: Frame): OutgoingHttpHeaders => ({
  "content-type": contentType,
  "content-length": body.byteLength,
  [headerLengthField]: headerLength,
});
