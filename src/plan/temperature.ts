/** Who divides the logits by the temperature at each step, and by what (contract: `temperature`). */
import type { Model } from "../catalogue/index.ts";
import { Refusal } from "../refusal.ts";
import type { SizedStep } from "./schedule.ts";

/** One for all steps, or a video's two: for the steps of its first picture, and for those of the clips after it. */
export type Temperature = number | { readonly image: number; readonly video: number };

export interface Tempering {
  /** As asked for, or the model's own. */
  readonly temperature: Temperature;
  /** What the edge samples at, whoever divides. */
  readonly edge: number;
  /** What the endpoint divides by before its guidance, one a step; null where the edge divides. */
  readonly endpoint: readonly (number | null)[];
}

/** Below it an endpoint's float32 products may leave their range. */
const LEAST = 0.01;

/**
 * Where the endpoint divides, its rows are sampled at 1. It cannot divide by 0: asked for that it divides by 1, and the
 * edge takes the likelier value of each bit.
 * @throws Refusal naming `temperature` when it is too small to divide by
 */
export function temper(asked: number | undefined, model: Model, steps: readonly SizedStep[]): Tempering {
  if (model.temperature_at === "edge") {
    const temperature = asked ?? model.defaults.temperature;
    return { temperature, edge: temperature, endpoint: steps.map(() => null) };
  }
  if (asked === 0) return { temperature: 0, edge: 0, endpoint: steps.map(() => 1) };
  if (asked !== undefined && asked < LEAST) {
    throw new Refusal(
      "invalid_value",
      `temperature: 0, or at least ${LEAST} with this model, not ${asked}.`,
      {
        param: "temperature",
      },
    );
  }
  const temperature = asked ?? model.defaults.temperature;
  if (typeof temperature === "number")
    return { temperature, edge: 1, endpoint: steps.map(() => temperature) };
  const first = firstClip(steps);
  return {
    temperature,
    edge: 1,
    endpoint: steps.map((_, k) => (k < first ? temperature.image : temperature.video)),
  };
}

/** The step with which the first clip begins: the scales start again from a smaller one, or the number of frames changes. */
function firstClip(steps: readonly SizedStep[]): number {
  const begins = steps.findIndex((step, k) => {
    const before = steps[k - 1];
    return before !== undefined && (step.t !== before.t || step.h * step.w < before.h * before.w);
  });
  return begins === -1 ? steps.length : begins;
}
