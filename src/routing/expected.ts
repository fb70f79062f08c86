/** What a call of a kind takes at an endpoint: an average that rises fast and falls slowly, as a pure reducer. */
import { policy } from "./policy.ts";

export interface Expected {
  /** Milliseconds a picture, from asking to the last byte, under `load`. */
  readonly ms: number;
  /** The same over a long time: what it takes on ordinary days. */
  readonly usualMs: number;
  /** Calls at once at that endpoint, itself included, under which those were seen. */
  readonly load: number;
  /** Milliseconds of device time and bytes of answer, a picture; 0 until seen. */
  readonly deviceMs: number;
  readonly bytes: number;
  /** Device time a picture of the last answers that ended well, the newest last, and when that was; 0: never. */
  readonly worked: readonly number[];
  readonly workedAt: number;
  readonly at: number;
}

export interface Sample {
  /** Of a whole call, in ms; less than `shortestMs` counts as that. */
  readonly ms: number;
  readonly pictures: number;
  readonly load: number;
  /** Of a whole call; absent when it failed. */
  readonly work?: { readonly deviceMs: number; readonly bytes: number };
}

export function observed(expected: Expected | undefined, sample: Sample, now: number): Expected {
  const { pictures, load, work } = sample;
  // The clock may stand still within a call, or be set back: nothing takes no time.
  const took = Math.max(policy.shortestMs, sample.ms) / pictures;
  // One that was given up takes longer than was thought; how long it was waited for says little of how much longer.
  const ms = work || !expected ? took : Math.min(took, policy.deadline.times * expected.ms);
  const seen = work && { deviceMs: work.deviceMs / pictures, bytes: work.bytes / pictures };
  if (expected === undefined)
    return { ms, usualMs: ms, load, ...(seen ?? { deviceMs: 0, bytes: 0 }), ...worked(seen, now), at: now };
  const { rise, fall, usual } = policy;
  const rate = ms > expected.ms ? rise : fall;
  const towards = (from: number, to: number, by: number) => from + by * (to - from);
  const mean = (from: number, to: number) => (from === 0 ? to : towards(from, to, fall));
  return {
    ms: towards(expected.ms, ms, rate),
    usualMs: towards(expected.usualMs, ms, usual),
    load: towards(expected.load, load, rate),
    deviceMs: seen ? mean(expected.deviceMs, seen.deviceMs) : expected.deviceMs,
    bytes: seen ? mean(expected.bytes, seen.bytes) : expected.bytes,
    ...worked(seen, now, expected),
    at: now,
  };
}

function worked(
  seen: Pick<Expected, "deviceMs"> | undefined,
  now: number,
  before: Pick<Expected, "worked" | "workedAt"> = { worked: [], workedAt: 0 },
): Pick<Expected, "worked" | "workedAt"> {
  if (seen === undefined) return { worked: before.worked, workedAt: before.workedAt };
  return { worked: [...before.worked, seen.deviceMs].slice(-policy.dear.calls), workedAt: now };
}

/**
 * @returns device time a picture, in ms, for who has to judge by it: the middle one of the last answers, so that a slow one
 *   says nothing; null: too few of them, or too long ago
 */
export function deviceMsOf({ worked, workedAt }: Expected, now: number): number | null {
  const { calls, staleMs } = policy.dear;
  if (worked.length < calls || now - workedAt >= staleMs) return null;
  return worked.toSorted((a, b) => a - b)[Math.floor((calls - 1) / 2)]!;
}

/**
 * @returns milliseconds of a call of so many pictures as the `load`-th at once, for who has to be patient: never less than
 *   what was seen under another load, which need not have been why
 */
export function timeAtMost({ ms, load: seen }: Expected, pictures: number, load: number): number {
  return ms * pictures * Math.max(1, load / Math.max(1, seen));
}

/** @returns the same, a part of what it was slower than usual forgotten: who is not asked can show no better */
export function faded(expected: Expected, now: number): Expected {
  const { ms, usualMs, at } = expected;
  if (ms <= usualMs) return expected;
  const kept = 0.5 ** (Math.max(0, now - at) / policy.fadeMs);
  return { ...expected, ms: usualMs + kept * (ms - usualMs) };
}

/** @returns the one whose time is in the middle (of an even number the faster of both); null of none */
export function medianOf(all: readonly Expected[]): Expected | null {
  if (all.length < 2) return all[0] ?? null;
  return all.toSorted((one, other) => one.ms - other.ms)[Math.floor((all.length - 1) / 2)]!;
}
