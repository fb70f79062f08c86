/** A step of the contract as an OIP message: its inputs, its parameters, and the outputs it must bring. */
import type { Condition, PictureStep, Sampling, StepRequest } from "../contract.ts";
import { bytesTensor } from "../oip/bytes.ts";
import { Malformed } from "../oip/malformed.ts";
import type { Asked } from "../oip/open.ts";
import type { InferRequest } from "../oip/request.ts";
import { fp32Tensor, int32Tensor, type Tensor, uint64Tensor } from "../oip/tensor.ts";
import { candidateOutputs, candidateParameters } from "./candidates.ts";
import { batchOf, deadlineParameters, tokensTensor } from "./shared.ts";
import { maxStatsBytes } from "./stats.ts";

/** What to send and what to get. */
export interface Message {
  readonly request: InferRequest;
  readonly asked: readonly Asked[];
}

/**
 * @param request a step of n pictures
 * @param sampling given to ask for candidates: only for what can be drawn
 * @returns the message for it, inputs in the contract's order
 * @throws Malformed when the request contradicts itself; its message names the field
 */
export function stepMessage(request: StepRequest, sampling?: Sampling): Message {
  const { pictures, step } = request;
  const n = batchOf(pictures.length);
  const tokens = tokensTensor(
    request.tokens,
    pictures.map((picture) => picture.prefix),
  );
  for (const picture of pictures) checkPicture(picture, request);
  const inputs = [
    int32Tensor(
      "step",
      [n, 1],
      pictures.map(() => step),
    ),
    bytesTensor(
      "schedule",
      [n, 1],
      pictures.map(() => request.schedule),
    ),
    tokens,
    ...conditionTensors(pictures.map((picture) => picture.condition)),
    fp32Tensor(
      "guidance",
      [n, step + 1],
      pictures.flatMap((picture) => picture.guidance),
    ),
    ...temperatureTensors(pictures),
    fp32Tensor(
      "corruption_ratio",
      [n, 1],
      pictures.map((picture) => picture.corruption.ratio),
    ),
    bytesTensor(
      "corruption_kind",
      [n, 1],
      pictures.map((picture) => picture.corruption.kind),
    ),
    uint64Tensor(
      "corruption_seed",
      [n, 1],
      pictures.map((picture) => picture.corruption.seed),
    ),
    bytesTensor(
      "prefix_key",
      [n, 1],
      pictures.map((picture) => picture.prefixKey),
    ),
  ];
  const asked: readonly Asked[] = [
    { name: "stats", datatype: "BYTES", shape: [n, 1], most: n * maxStatsBytes },
    ...(sampling ? candidateOutputs(request) : [denseOutput(request)]),
  ];
  const outputs = asked.map((output) => output.name);
  const parameters = {
    ...deadlineParameters(request.deadlineMs),
    ...(sampling ? candidateParameters(sampling) : {}),
  };
  return { request: { id: request.id, parameters, inputs, outputs }, asked };
}

function denseOutput({ pictures, length, branches, width }: StepRequest): Asked {
  return { name: "logits", datatype: "FP16", shape: [pictures.length, length, branches, width] };
}

/** All rows of one request have the same answer to `corruption_ratio > 0`, as float32. */
function checkPicture({ prefix, guidance, corruption }: PictureStep, { step, branches }: StepRequest): void {
  if (guidance.length !== step + 1)
    throw new Malformed(`guidance: ${guidance.length} strengths at step ${step}`);
  const expected = Math.fround(corruption.ratio) > 0 && prefix.byteLength > 0 ? 2 : 1;
  if (branches !== expected) {
    throw new Malformed(
      `branches: ${branches} with a ratio of ${corruption.ratio} and ${prefix.byteLength} bytes`,
    );
  }
}

function conditionTensors(conditions: readonly Condition[]): Tensor[] {
  const n = conditions.length;
  const classes = conditions.flatMap((condition) => (condition.kind === "class" ? [condition.index] : []));
  if (classes.length === n) return [int32Tensor("class", [n, 1], classes)];
  const texts = conditions.flatMap((condition) => (condition.kind === "text" ? [condition] : []));
  if (texts.length !== n) throw new Malformed("condition: classes and texts in one request");
  return [
    bytesTensor(
      "prompt",
      [n, 1],
      texts.map((text) => text.prompt),
    ),
    bytesTensor(
      "negative_prompt",
      [n, 1],
      texts.map((text) => text.negativePrompt),
    ),
  ];
}

/** A family sends it always or never; Triton does not merge requests that differ in it. */
function temperatureTensors(pictures: readonly PictureStep[]): Tensor[] {
  const given = pictures.flatMap((picture) =>
    picture.temperature === undefined ? [] : [picture.temperature],
  );
  if (given.length === 0) return [];
  if (given.length !== pictures.length) throw new Malformed("temperature: given for some pictures only");
  return [fp32Tensor("temperature", [given.length, 1], given)];
}
