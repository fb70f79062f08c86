/** Model `{id}.decode`: tokens of any number of whole steps in, `media` out. */
import { bytesTensor } from "../../adapters/oip/bytes.ts";
import type { InferRequest } from "../../adapters/oip/request.ts";
import type { Tensor } from "../../adapters/oip/tensor.ts";
import { encode, type Format, formats, runDecode } from "./decode.ts";
import { Inputs } from "./inputs.ts";
import type { Model } from "./model.ts";
import { badField } from "./refused.ts";
import type { Engine } from "./step.ts";

export const decodeInputs = { tokens: "UINT16", schedule: "BYTES", format: "BYTES" } as const;

export interface DecodeRequest {
  readonly format: Format;
  /** How many whole steps. */
  readonly steps: number;
  readonly pictures: readonly Uint16Array[];
}

/**
 * @param model the model
 * @param request what came
 * @param maxBatch the most pictures
 * @returns what to decode
 * @throws Refused naming the field that is wrong
 */
export function readDecode(model: Model, request: InferRequest, maxBatch: number): DecodeRequest {
  const inputs = new Inputs(request.inputs, Object.keys(decodeInputs), maxBatch);
  inputs.choice("schedule", [model.schedule.name]);
  const format = inputs.choice("format", formats);
  const pictures = inputs.tokens("tokens", model.vocabulary);
  const steps = model.schedule.bounds.indexOf(pictures[0]!.length);
  if (steps < 1) throw badField("tokens", `${pictures[0]!.length} are not a number of whole steps`);
  return { format, steps, pictures };
}

/**
 * @param engine what to run on
 * @param request what to decode
 * @param signal aborted: nothing more is started
 * @returns the output
 */
export async function answerDecode(
  engine: Engine,
  request: DecodeRequest,
  signal: AbortSignal,
): Promise<Tensor[]> {
  const { pictures, steps, format } = request;
  const media = await Promise.all(
    pictures.map(async (tokens) => encode(await runDecode(engine, tokens, steps, signal), format)),
  );
  return [bytesTensor("media", [media.length, 1], media)];
}
