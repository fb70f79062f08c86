/** A circuit breaker as a pure reducer: closed, open until a moment, then one probe that decides. */
import { policy } from "./policy.ts";

export interface Breaker {
  readonly open: boolean;
  /** When an open one lets a probe through, in ms. */
  readonly until: number;
  /** How often in a row it has opened. */
  readonly openings: number;
  /** When it opened or closed last. */
  readonly at: number;
  /** Until when a probe is believed to be under way; 0: none is. */
  readonly probing: number;
  /** Faults since the last success. */
  readonly inARow: number;
  /** Outcomes by the second, of the last seconds. */
  readonly recent: readonly { readonly second: number; readonly calls: number; readonly faults: number }[];
}

export type BreakerPhase = "closed" | "open" | "half-open" | "probing";

export const closedBreaker: Breaker = {
  open: false,
  until: 0,
  openings: 0,
  at: 0,
  probing: 0,
  inARow: 0,
  recent: [],
};

/** `half-open`: the next call is the probe; `probing`: one is under way. */
export function phaseOf(breaker: Breaker, now: number): BreakerPhase {
  if (!breaker.open) return "closed";
  if (now < breaker.until) return "open";
  return now < breaker.probing ? "probing" : "half-open";
}

/** @param until when the probe will have ended at the latest; after that another is let through */
export function probe(breaker: Breaker, until: number): Breaker {
  return { ...breaker, probing: until };
}

/** A probe that ended without a verdict: the next call is one again. */
export function probeLeft(breaker: Breaker): Breaker {
  return { ...breaker, probing: 0 };
}

/** @param began when the call was made: one from before the breaker opened says nothing */
export function afterSuccess(breaker: Breaker, began: number, now: number): Breaker {
  if (!breaker.open) return { ...counted(breaker, false, now), inARow: 0 };
  if (began < breaker.at) return breaker;
  return { ...closedBreaker, openings: breaker.openings, at: now };
}

/**
 * @param how `at once`: one such fault is enough
 * @param isProbe whether it was the probe that failed
 * @param random 0 <= x < 1, for the jitter
 */
export function afterFault(
  breaker: Breaker,
  how: "counts" | "at once",
  isProbe: boolean,
  now: number,
  random: number,
): Breaker {
  // Calls that were under way when it opened, or were made in spite of it, keep it open no longer.
  if (breaker.open && !isProbe) return breaker;
  const next = { ...counted(breaker, true, now), inARow: breaker.inARow + 1 };
  const { inARow, share, least } = policy.breaker;
  const calls = next.recent.reduce((sum, one) => sum + one.calls, 0);
  const faults = next.recent.reduce((sum, one) => sum + one.faults, 0);
  const isBad = next.inARow >= inARow || (calls >= least && faults > share * calls);
  return isProbe || how === "at once" || isBad ? opened(breaker, now, random) : next;
}

function opened(breaker: Breaker, now: number, random: number): Breaker {
  const { openMs, capMs, forgetMs } = policy.breaker;
  const isRelapse = breaker.open || (breaker.openings > 0 && now - breaker.at < forgetMs);
  const openings = isRelapse ? breaker.openings : 0;
  const ms = Math.min(capMs, openMs * 2 ** openings * (0.8 + 0.4 * random));
  return { ...closedBreaker, open: true, until: now + ms, openings: openings + 1, at: now };
}

function counted(breaker: Breaker, failed: boolean, now: number): Breaker {
  const second = Math.floor(now / 1000);
  const oldest = second - policy.breaker.windowMs / 1000;
  const kept = breaker.recent.filter((one) => one.second > oldest && one.second !== second);
  const { calls, faults } = breaker.recent.find((one) => one.second === second) ?? { calls: 0, faults: 0 };
  return {
    ...breaker,
    recent: [...kept, { second, calls: calls + 1, faults: faults + (failed ? 1 : 0) }],
  };
}
