/** The rest of an endpoint that said it is cold, or when to come back: a pure reducer. */
import { policy } from "./policy.ts";

export interface Rest {
  /** Before that it is not asked while anybody else can be, in ms. */
  readonly until: number;
  /** How often in a row it was found so; 0: it is awake. */
  readonly times: number;
  /** When it was found so last, or woke. */
  readonly at: number;
  /** Until when one call that sees whether it has woken is believed to be under way; 0: none is. */
  readonly knocking: number;
}

export type RestPhase = "awake" | "resting" | "knockable";

export const awake: Rest = { until: 0, times: 0, at: 0, knocking: 0 };

/** `knockable`: its rest is over, and the next call sees whether it has woken. */
export function restOf(rest: Rest, now: number): RestPhase {
  if (rest.times === 0) return "awake";
  return now < rest.until || now < rest.knocking ? "resting" : "knockable";
}

/** @param until when that call will have ended at the latest */
export function knock(rest: Rest, until: number): Rest {
  return { ...rest, knocking: until };
}

/** A call to see whether it has woken that ended without a verdict. */
export function knockLeft(rest: Rest): Rest {
  return { ...rest, knocking: 0 };
}

/** @param retryAfterMs what it asked for itself: as long, if that is no shorter than it would rest without */
export function afterCold(rest: Rest, retryAfterMs: number | null, now: number): Rest {
  const { restMs, capMs } = policy.rest;
  // What was under way when it fell asleep tells nothing new.
  const isNews = rest.times === 0 || now >= rest.until;
  const times = isNews ? rest.times + 1 : rest.times;
  const until = now + Math.max(retryAfterMs ?? 0, Math.min(capMs, restMs * 2 ** (times - 1)));
  return { until: isNews ? until : Math.max(rest.until, until), times, at: now, knocking: 0 };
}

/** @param began when the call was made: one from before it fell asleep says nothing */
export function afterAnswer(rest: Rest, began: number, now: number): Rest {
  return rest.times === 0 || began < rest.at ? rest : { ...awake, at: now };
}
