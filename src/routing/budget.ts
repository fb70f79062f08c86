/** How many retries a model may have: a pure reducer. An empty budget slows them and refuses none. */
import { policy } from "./policy.ts";

export interface Budget {
  /** Below zero: so many retries wait for theirs. */
  readonly tokens: number;
  readonly at: number;
}

/** @returns a full one */
export function fullBudget(now: number): Budget {
  return { tokens: policy.budget.cap, at: now };
}

/** What has come since. */
export function refilled({ tokens, at }: Budget, now: number): Budget {
  const { cap, perSecond } = policy.budget;
  return { tokens: Math.min(cap, tokens + (Math.max(0, now - at) / 1000) * perSecond), at: now };
}

export function credited(budget: Budget, tokens: number, now: number): Budget {
  const next = refilled(budget, now);
  return { ...next, tokens: Math.min(policy.budget.cap, next.tokens + tokens) };
}

/** @returns the budget after one retry, and how many milliseconds that has to wait */
export function spent(budget: Budget, now: number): { readonly budget: Budget; readonly waitMs: number } {
  const next = refilled(budget, now);
  const tokens = next.tokens - 1;
  return {
    budget: { ...next, tokens },
    waitMs: tokens >= 0 ? 0 : (-tokens / policy.budget.perSecond) * 1000,
  };
}
