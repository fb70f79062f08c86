/** Model `{id}`: a step request's tensors in, `stats` and `logits` out. */
import { bytesTensor } from "../../adapters/oip/bytes.ts";
import type { InferRequest } from "../../adapters/oip/request.ts";
import { rawTensor, type Tensor } from "../../adapters/oip/tensor.ts";
import { corruptionKinds } from "./corruption.ts";
import { Inputs } from "./inputs.ts";
import { type Model, stepCount, stepLength } from "./model.ts";
import { badField } from "./refused.ts";
import { type Engine, type PictureStep, runStep } from "./step.ts";

export const stepInputs = {
  step: "INT32",
  schedule: "BYTES",
  tokens: "UINT16",
  class: "INT32",
  guidance: "FP32",
  corruption_ratio: "FP32",
  corruption_kind: "BYTES",
  corruption_seed: "UINT64",
  prefix_key: "BYTES",
} as const;

/** A prefix key is a name, not a store. */
const longestKey = 256;

/**
 * @param model the model
 * @param request what came
 * @param maxBatch the most pictures
 * @returns the pictures to run, all of one step
 * @throws Refused naming the field that is wrong
 */
export function readStep(model: Model, request: InferRequest, maxBatch: number): PictureStep[] {
  if (request.parameters.candidates !== undefined && request.parameters.candidates !== false) {
    throw badField("candidates", "not supported by this endpoint; it answers dense pairs only");
  }
  const inputs = new Inputs(request.inputs, Object.keys(stepInputs), maxBatch);
  const k = readK(inputs, model);
  inputs.choice("schedule", [model.schedule.name]);
  const prefixes = inputs.tokens("tokens", model.vocabulary);
  const before = model.schedule.bounds[k]!;
  if (prefixes[0]!.length !== before)
    throw badField("tokens", `${prefixes[0]!.length} where step ${k} has ${before} before it`);
  const labels = inputs.integers("class");
  const wrong = labels.find((label) => label < 0 || label >= model.classes.length);
  if (wrong !== undefined) throw badField("class", `${wrong} is not below ${model.classes.length}`);
  const guidance = inputs.floats("guidance", k + 1);
  const corruptions = readCorruptions(inputs);
  const keys = inputs.texts("prefix_key");
  if (keys.some((key) => key.length > longestKey)) throw badField("prefix_key", `longer than ${longestKey}`);
  return prefixes.map((prefix, i) => ({
    k,
    prefix,
    label: labels[i]!,
    guidance: guidance[i]!,
    corruption: corruptions[i]!,
    prefixKey: keys[i]!,
  }));
}

/**
 * @param engine what to run on
 * @param pictures all of one step, with or without a corrupted branch alike
 * @param numerics the numerics class
 * @param signal aborted: nothing more is started
 * @returns the outputs, in the contract's order
 */
export async function answerStep(
  engine: Engine,
  pictures: readonly PictureStep[],
  numerics: string,
  signal: AbortSignal,
): Promise<Tensor[]> {
  const { revision, schedule, vocabulary } = engine.model;
  const done = await Promise.all(pictures.map((picture) => runStep(engine, picture, signal)));
  const n = done.length;
  const stats = done.map(({ deviceMs, cache }) =>
    JSON.stringify({ device_ms: Math.round(deviceMs * 1000) / 1000, cache, revision, numerics }),
  );
  const size = done[0]!.pairs.byteLength;
  const pairs = new Uint8Array(n * size);
  for (const [i, picture] of done.entries()) pairs.set(picture.pairs, i * size);
  const shape = [n, stepLength(schedule, pictures[0]!.k), done[0]!.branches.length, vocabulary];
  return [bytesTensor("stats", [n, 1], stats), rawTensor("logits", "FP16", shape, pairs)];
}

function readK(inputs: Inputs, model: Model): number {
  const steps = inputs.integers("step");
  const k = steps[0]!;
  if (k < 0 || k >= stepCount(model.schedule))
    throw badField("step", `${k} is not below ${stepCount(model.schedule)}`);
  if (steps.some((step) => step !== k)) throw badField("step", "differs between pictures of one request");
  return k;
}

function readCorruptions(inputs: Inputs): PictureStep["corruption"][] {
  const ratios = inputs.floats("corruption_ratio", 1).map(([ratio]) => ratio!);
  if (ratios.some((ratio) => ratio < 0 || ratio > 1)) throw badField("corruption_ratio", "not from 0 to 1");
  if (ratios.some((ratio) => ratio > 0 !== ratios[0]! > 0)) {
    throw badField("corruption_ratio", "0 for some pictures of one request and above 0 for others");
  }
  const kind = inputs.choice("corruption_kind", [...corruptionKinds, ""]);
  const seeds = inputs.seeds("corruption_seed");
  return ratios.map((ratio, i) => {
    if (ratio === 0) return null;
    if (kind === "") throw badField("corruption_kind", "empty where corruption_ratio is above 0");
    return { kind, seed: seeds[i]!, ratio };
  });
}
