/** An inference request from its bytes to the answer's, for either of the two models. */
import type { Frame, Parameters } from "../../adapters/oip/frame.ts";
import { parseHeaderLength } from "../../adapters/oip/header.ts";
import { decodeRequest, type InferRequest } from "../../adapters/oip/request.ts";
import { encodeResponse } from "../../adapters/oip/response.ts";
import type { Tensor } from "../../adapters/oip/tensor.ts";
import { answerDecode, readDecode } from "./answer-decode.ts";
import { answerStep, readStep } from "./answer-step.ts";
import { badField, Refused } from "./refused.ts";
import type { Engine } from "./step.ts";

/** An engine and what its owner decided. */
export interface Service {
  readonly engine: Engine;
  readonly numerics: string;
  /** The most pictures in a request. */
  readonly maxBatch: number;
}

export interface Message {
  /** `{id}` or `{id}.decode`. */
  readonly model: string;
  /** `Inference-Header-Content-Length`. */
  readonly headerLength: string | null;
  readonly body: Uint8Array;
}

/**
 * @param service what answers
 * @param message what came
 * @param signal aborted when nobody waits for the answer any more
 * @returns the answer
 * @throws Refused or Malformed on a bad request or a passed deadline, the signal's reason when it is aborted
 */
export async function answer(service: Service, message: Message, signal: AbortSignal): Promise<Frame> {
  const request = decodeRequest(message.body, parseHeaderLength(message.headerLength));
  const work = begin(service, message.model, request);
  const limit = deadlineMs(request.parameters);
  const late = limit === null ? null : AbortSignal.timeout(Math.min(Math.floor(limit), 2 ** 31 - 1));
  try {
    const outputs = select(
      request.outputs,
      await work(late === null ? signal : AbortSignal.any([signal, late])),
    );
    return encodeResponse({ id: request.id, model: message.model, parameters: {}, outputs });
  } catch (error) {
    if (late?.aborted && !signal.aborted) throw new Refused(503, "deadline_ms: the deadline has passed");
    throw error;
  }
}

type Work = (signal: AbortSignal) => Promise<Tensor[]>;

/** Reads and checks the whole request before anything runs. */
function begin({ engine, numerics, maxBatch }: Service, name: string, request: InferRequest): Work {
  const { op } = request.parameters;
  const { id } = engine.model;
  if (op !== undefined && op !== "decode") throw badField("op", 'only "decode"');
  if (name === `${id}.decode` || op === "decode") {
    checkOutputs(request.outputs, ["media"]);
    const read = readDecode(engine.model, request, maxBatch);
    return (signal) => answerDecode(engine, read, signal);
  }
  checkOutputs(request.outputs, ["stats", "logits"]);
  const pictures = readStep(engine.model, request, maxBatch);
  return (signal) => answerStep(engine, pictures, numerics, signal);
}

function checkOutputs(asked: readonly string[], has: readonly string[]): void {
  const unknown = asked.find((name) => !has.includes(name));
  if (unknown !== undefined)
    throw badField("outputs", `${JSON.stringify(unknown)}, this model has ${has.join(", ")}`);
}

/** What was asked for, in the model's order, as a Triton answers. */
function select(asked: readonly string[], outputs: readonly Tensor[]): readonly Tensor[] {
  return asked.length === 0 ? outputs : outputs.filter((output) => asked.includes(output.name));
}

/** Milliseconds from now after which nobody wants the answer: `deadline_ms`, and Triton's `timeout` in microseconds. */
function deadlineMs(parameters: Parameters): number | null {
  const limits = [limitOf(parameters, "deadline_ms", 1), limitOf(parameters, "timeout", 1000)];
  const given = limits.filter((limit) => limit !== null);
  return given.length === 0 ? null : Math.min(...given);
}

function limitOf(parameters: Parameters, name: string, unitsPerMs: number): number | null {
  const value = parameters[name];
  if (value === undefined) return null;
  if (typeof value !== "number" || value < 0) throw badField(name, "not a number from 0");
  // Triton reads a timeout of 0 as none.
  return name === "timeout" && value === 0 ? null : value / unitsPerMs;
}
