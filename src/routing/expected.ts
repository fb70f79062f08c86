/** What a call of a kind takes at an endpoint: an average that rises fast and falls slowly, as a pure reducer. */
import { policy } from "./policy.ts";

export interface Expected {
  /** Milliseconds a picture, from asking to the last byte, under `load`. */
  readonly ms: number;
  /** Calls at once at that endpoint, itself included, under which those were seen. */
  readonly load: number;
  /** Milliseconds of device time and bytes of answer, a picture; 0 until seen. */
  readonly deviceMs: number;
  readonly bytes: number;
  readonly at: number;
}

export interface Sample {
  /** Of a whole call, in ms. */
  readonly ms: number;
  readonly pictures: number;
  readonly load: number;
  /** Of a whole call; absent when it failed. */
  readonly work?: { readonly deviceMs: number; readonly bytes: number };
}

export function observed(expected: Expected | undefined, sample: Sample, now: number): Expected {
  const { pictures, load, work } = sample;
  const ms = sample.ms / pictures;
  const seen = work && { deviceMs: work.deviceMs / pictures, bytes: work.bytes / pictures };
  if (expected === undefined) return { ms, load, ...(seen ?? { deviceMs: 0, bytes: 0 }), at: now };
  const rate = ms > expected.ms ? policy.rise : policy.fall;
  const towards = (from: number, to: number) => from + rate * (to - from);
  const work1 = (from: number, to: number) => (from === 0 ? to : from + policy.fall * (to - from));
  return {
    ms: towards(expected.ms, ms),
    load: towards(expected.load, load),
    deviceMs: seen ? work1(expected.deviceMs, seen.deviceMs) : expected.deviceMs,
    bytes: seen ? work1(expected.bytes, seen.bytes) : expected.bytes,
    at: now,
  };
}

/** @returns milliseconds of a call of so many pictures as the `load`-th at once */
export function timeUnder({ ms, load: seen }: Expected, pictures: number, load: number): number {
  return (ms * pictures * load) / Math.max(1, seen);
}

/** The same, never less than what was seen: a load that was lighter once need not have been why. */
export function timeAtMost(expected: Expected, pictures: number, load: number): number {
  return Math.max(expected.ms * pictures, timeUnder(expected, pictures, load));
}

/** @returns the same, a part of what it is slower than its class forgotten: who is not asked can show no better */
export function faded(expected: Expected, ofClass: Expected | null, now: number): Expected {
  if (ofClass === null || expected.ms <= ofClass.ms) return expected;
  const kept = 0.5 ** (Math.max(0, now - expected.at) / policy.fadeMs);
  return { ...expected, ms: ofClass.ms + kept * (expected.ms - ofClass.ms) };
}

/** @returns the middle of them, in each number; null of none */
export function medianOf(all: readonly Expected[]): Expected | null {
  if (all.length === 0) return null;
  const middle = (of: (one: Expected) => number) =>
    all.map(of).sort((a, b) => a - b)[Math.floor((all.length - 1) / 2)]!;
  return {
    ms: middle((one) => one.ms),
    load: middle((one) => one.load),
    deviceMs: middle((one) => one.deviceMs),
    bytes: middle((one) => one.bytes),
    at: middle((one) => one.at),
  };
}
