/** How many times slower than its class an endpoint is, over all kinds of calls, fading by itself: a pure reducer. */
import { policy } from "./policy.ts";

export interface Slowness {
  /** 1: like the others. */
  readonly value: number;
  /** Milliseconds that its calls usually take in its class: shorter ones count for less, being mostly waits. */
  readonly typicalMs: number;
  readonly at: number;
}

export const ordinary: Slowness = { value: 1, typicalMs: 0, at: 0 };

/** @returns how slow it is taken to be: who is not asked can show no better, so what was seen is forgotten by half in a while */
export function slownessAt({ value, at }: Slowness, now: number): number {
  return value === 1 ? 1 : 1 + (value - 1) * 0.5 ** (Math.max(0, now - at) / policy.fadeMs);
}

/**
 * @param ms what a call took
 * @param classMs what calls of its kind take in its class
 * @returns the same as before where one of both is no time at all, as a clock that was set back makes them
 */
export function afterCall(slowness: Slowness, ms: number, classMs: number, now: number): Slowness {
  const value = slownessAt(slowness, now);
  const { typicalMs: known } = slowness;
  const typicalMs = known === 0 ? classMs : known + policy.fall * (classMs - known);
  const times = ms / classMs;
  if (![ms, classMs, times].every(isTime)) return slowness;
  const rate = (times > value ? policy.rise : policy.fall) * Math.min(1, classMs / typicalMs);
  return { value: value + rate * (times - value), typicalMs, at: now };
}

const isTime = (ms: number) => Number.isFinite(ms) && ms > 0;
