/** How long a call is waited for. Pure. */
import { policy } from "./policy.ts";

export interface Wait {
  /** Until the caller's own deadline, in ms. */
  readonly leftMs: number;
  /** After so long the provider gives up by itself; null: never. */
  readonly timeoutMs: number | null;
  /** What the call takes, with its load; null: nobody knows. */
  readonly expectedMs: number | null;
  /** When somebody else can be asked in good hope: milliseconds from now, 0 at once; null: nobody knows of anybody. */
  readonly othersInMs: number | null;
}

/** @returns milliseconds: many times what the call takes, where somebody else can be asked; else there is less hurry */
export function patienceOf({ leftMs, timeoutMs, expectedMs, othersInMs }: Wait): number {
  const { deadline, alone } = policy;
  const most = Math.min(leftMs, timeoutMs ?? leftMs);
  const isAlone = othersInMs === null;
  if (expectedMs === null) return isAlone ? most : Math.min(most, alone.share * leftMs);
  const patience = isAlone
    ? Math.max(alone.share * leftMs, alone.times * expectedMs)
    : Math.max(deadline.leastMs, deadline.times * expectedMs, othersInMs);
  return Math.min(most, patience);
}
