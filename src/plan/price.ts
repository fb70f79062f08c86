/** What a plan costs: whole micro-credits a step and picture, from the model's price table alone. */
import type { Model } from "../catalogue/index.ts";
import { branchesOf, type Plan } from "./plan.ts";

/** Prices of one picture, and the table they come from. */
export interface Price {
  /** The price table's version. */
  readonly version: string;
  /** Micro-credits of each step. */
  readonly steps: readonly number[];
}

/** A step costs its own price and one a token and branch; both rows of CFG are one branch. */
export function priceOf(steps: Plan["steps"], { version, step, token }: Model["price"]): Price {
  return {
    version,
    steps: steps.map(({ length }, k) => step + token * length * branchesOf({ steps }, k)),
  };
}

/** Micro-credits of the first `committed` steps over all pictures: what is charged when so many were delivered. */
export function chargeOf(plan: Plan, committed: number): number {
  const picture = plan.price.steps.slice(0, committed).reduce((sum, step) => sum + step, 0);
  return picture * plan.pictures.length;
}

/** Micro-credits of the whole plan: the quote, the hold and the charge of what is completed. */
export const totalOf = (plan: Plan): number => chargeOf(plan, plan.steps.length);
