/** Draws a step's tokens from its pairs while the bytes arrive, in constant memory. */
import type { Route, StepAnswer, StepStats } from "../../adapters/contract.ts";
import { Fault } from "../../adapters/fault.ts";
import { type Kernel, MalformedRow, type StepSampler } from "../../kernels/edge/index.ts";
import { branchesOf, type Plan } from "../plan/plan.ts";
import type { PictureGroup } from "./request.ts";

export interface DrawnGroup {
  readonly tokens: readonly Uint8Array[];
  readonly stats: readonly StepStats[];
  readonly route: Route;
  readonly waitMs: number;
  readonly bodyMs: number;
  readonly mixMs: number;
}

interface DrawPorts {
  readonly kernel: Kernel;
  readonly now: () => number;
  /** When the step was asked for. */
  readonly began: number;
}

/**
 * Reads [n, L_k, branches, width] FP16, or the pairs of candidates, picture by picture into the kernel.
 * @throws Fault `corrupt` for a row that the contract forbids, and whatever the answer's stream throws.
 */
export async function drawGroup(
  answer: StepAnswer,
  plan: Plan,
  k: number,
  group: PictureGroup,
  { kernel, now, began }: DrawPorts,
): Promise<DrawnGroup> {
  const headAt = now();
  const step = plan.steps[k]!;
  const tokens: Uint8Array[] = [];
  let mixMs = 0;
  let sampler: StepSampler | null = null;
  const begin = () => {
    const settings = {
      tokens: plan.tokens,
      length: step.length,
      width: step.width,
      branches: branchesOf(plan, k),
      lambda: step.lambda,
      ...plan.sampling,
      seed: plan.pictures[group[tokens.length]!]!.seed,
      step: k,
    };
    return kernel.begin(settings, answer.candidates?.[tokens.length]);
  };
  try {
    for await (const chunk of answer.logits) {
      const mixing = now();
      for (let rest = chunk; rest.length > 0; ) {
        sampler ??= begin();
        const part = rest.subarray(0, sampler.remaining);
        sampler.push(part);
        rest = rest.subarray(part.length);
        if (sampler.remaining > 0) continue;
        tokens.push(sampler.finish());
        sampler.dispose();
        sampler = null;
      }
      mixMs += now() - mixing;
    }
  } catch (error) {
    if (!(error instanceof MalformedRow)) throw error;
    throw new Fault({ kind: "corrupt" }, answer.route.endpoint, "yes", error.message, error);
  } finally {
    sampler?.dispose();
  }
  return {
    tokens,
    stats: answer.stats,
    route: answer.route,
    waitMs: headAt - began,
    bodyMs: now() - headAt - mixMs,
    mixMs,
  };
}
