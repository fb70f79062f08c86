/** Plan and prefix to the requests that an endpoint understands. */
import type { DecodeRequest, MediaFormat, StepRequest } from "../../adapters/contract.ts";
import { branchesOf, type Plan } from "../plan/plan.ts";
import type { Prefix } from "./prefix.ts";

/** Pictures that travel in one request: indices into the plan's. */
export type PictureGroup = readonly number[];

/**
 * A step that has not answered by then is given up; routing knows better where it has seen the like. Four runs of a step
 * that nobody answers end within the four minutes for which clients wait for an answer's head.
 */
const STEP_DEADLINE_MS = 55_000;

/** Splits the plan's pictures by what an endpoint takes in one request. */
export function groupsOf(plan: Plan): PictureGroup[] {
  const all = plan.pictures.map((_, i) => i);
  return Array.from({ length: Math.ceil(all.length / plan.batch) }, (_, g) =>
    all.slice(g * plan.batch, (g + 1) * plan.batch),
  );
}

/** The request of step k for a group of pictures (contract: Model `{id}`). */
export function stepRequest(
  id: string,
  plan: Plan,
  k: number,
  group: PictureGroup,
  prefix: Prefix,
): StepRequest {
  const step = plan.steps[k]!;
  const branches = branchesOf(plan, k);
  const guidance = plan.steps.slice(0, k + 1).map((earlier) => earlier.guidance);
  const { ratio, kind } = plan.vpg.corruption;
  return {
    id: `${id}-${k}`,
    model: plan.model,
    revision: plan.revision,
    schedule: plan.schedule,
    step: k,
    tokens: plan.tokens,
    length: step.length,
    width: step.width,
    branches,
    sampling: { lambda: step.lambda, ...plan.sampling },
    deadlineMs: STEP_DEADLINE_MS,
    pictures: group.map((i) => ({
      prefix: prefix.of(i),
      condition: plan.condition,
      guidance,
      ...(step.endpointTemperature === null ? {} : { temperature: step.endpointTemperature }),
      corruption: { ratio: step.lambda === 0 ? 0 : ratio, kind, seed: plan.pictures[i]!.corruptionSeed },
      prefixKey: `${id}-${i}`,
    })),
  };
}

/** The request that turns a group's tokens into pictures (contract: Model `{id}.decode`). */
export function decodeRequest(
  id: string,
  plan: Plan,
  format: MediaFormat,
  group: PictureGroup,
  pictures: readonly Uint8Array[],
): DecodeRequest {
  return {
    id: `${id}-decode`,
    model: plan.model,
    schedule: plan.schedule,
    format,
    tokens: plan.tokens,
    pictures: group.map((i) => pictures[i]!),
    deadlineMs: STEP_DEADLINE_MS,
  };
}
