/** How long a call is waited for. Pure. */
import { policy } from "./policy.ts";

export interface Wait {
  /** Until the caller's own deadline, in ms. */
  readonly leftMs: number;
  /** After so long the provider gives up by itself; null: never. */
  readonly timeoutMs: number | null;
  /** What the call takes, with its load; null: nobody knows. */
  readonly expectedMs: number | null;
  /** Whether somebody else is well, and has not failed the call. */
  readonly hasOthers: boolean;
}

/** @returns milliseconds: many times what the call takes, where somebody else can be asked; else there is less hurry */
export function patienceOf({ leftMs, timeoutMs, expectedMs, hasOthers }: Wait): number {
  const { deadline, alone } = policy;
  const most = Math.min(leftMs, timeoutMs ?? leftMs);
  if (expectedMs === null) return hasOthers ? Math.min(most, alone.share * leftMs) : most;
  const patience = hasOthers
    ? Math.max(deadline.leastMs, deadline.times * expectedMs)
    : Math.max(alone.share * leftMs, alone.times * expectedMs);
  return Math.min(most, patience);
}
