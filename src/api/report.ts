/** The `vpg` object beside every answer: all that is needed to make the picture again. */
import type { Timing } from "../generation/events.ts";
import { branchesOf, type Plan } from "../plan/plan.ts";
import { totalOf } from "../plan/price.ts";

export interface Warning {
  readonly param: string;
  readonly message: string;
}

/** Settings as used, defaults resolved, in the request's own field names. */
export function settingsOf(plan: Plan) {
  return {
    ...shownCondition(plan.condition),
    size: plan.size,
    guidance_scale: plan.guidanceScale,
    temperature: plan.temperature,
    top_k: plan.sampling.topK,
    top_p: plan.sampling.topP,
    vpg: plan.vpg.scale === 0 ? false : plan.vpg,
    ...plan.routing,
    strengths: plan.steps.map(({ guidance, lambda }) => ({ guidance, lambda })),
  };
}

function shownCondition(condition: Plan["condition"]) {
  if (condition.kind === "class") return { prompt: condition.label, class: condition.index };
  return { prompt: condition.prompt, negative_prompt: condition.negativePrompt };
}

/** Tokens of one picture. */
export const tokensOf = (plan: Plan) => plan.steps.reduce((sum, step) => sum + step.length, 0);

/** One entry a picture: asking for its seed alone gives that picture again. */
export const picturesOf = (plan: Plan) =>
  plan.pictures.map(({ seed, corruptionSeed }, image_index) => ({
    image_index,
    seed,
    corruption_seed: corruptionSeed,
  }));

export interface Outcome {
  readonly numerics: readonly string[];
  readonly timing: Timing;
}

export function reportOf(id: string, plan: Plan, outcome: Outcome, warnings: readonly Warning[]) {
  return {
    generation_id: id,
    model: plan.model,
    revision: plan.revision,
    settings: settingsOf(plan),
    steps: plan.steps.length,
    tokens: tokensOf(plan),
    pictures: picturesOf(plan),
    numerics: outcome.numerics,
    price: priceOf(plan),
    timing: outcome.timing,
    warnings,
  };
}

/** What the whole request costs, and each of its pictures. */
const priceOf = (plan: Plan) => ({
  version: plan.price.version,
  micro_credits: totalOf(plan),
  per_picture: totalOf(plan) / plan.pictures.length,
});

/** The exact price of a plan that is not run. */
export const quoteOf = (plan: Plan) => ({
  object: "price_quote" as const,
  model: plan.model,
  quantity: plan.pictures.length,
  micro_credits: totalOf(plan),
  qualifier: "exact" as const,
  breakdown: {
    price_version: plan.price.version,
    per_picture: priceOf(plan).per_picture,
    steps: plan.steps.map(({ length }, step) => ({
      step,
      tokens: length,
      branches: branchesOf(plan, step),
      micro_credits: plan.price.steps[step]!,
    })),
  },
});

/** OpenAI's usage of so many pictures; a class is no text, and a text's tokens only its encoder knows: the input counts none. */
export function usageOf(plan: Plan, pictures: number) {
  const output = tokensOf(plan) * pictures;
  return {
    input_tokens: 0,
    output_tokens: output,
    total_tokens: output,
    input_tokens_details: { text_tokens: 0, image_tokens: 0 },
  };
}
