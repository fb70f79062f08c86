/** The `stats` of a step: what an endpoint says of itself, checked against what was expected of it. */
import type { StepStats } from "../contract.ts";
import { utf8 } from "../oip/bytes.ts";
import { isRecord } from "../oip/header.ts";
import { Malformed, shown } from "../oip/malformed.ts";

/** The most a picture's stats may take, with the length before them. */
export const maxStatsBytes = 4096;

/**
 * @param element one picture's stats as they came
 * @param expected revision and numerics class it must declare
 * @returns them
 * @throws Malformed when they are not JSON of that form, or declare something else
 */
export function parseStats(
  element: Uint8Array,
  expected: { readonly revision: string; readonly numerics: string },
): StepStats {
  const text = utf8(element, "stats");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed(`stats: not JSON: ${shown(text)}`);
  }
  if (!isRecord(value)) throw new Malformed(`stats: ${shown(value)}`);
  const { device_ms: deviceMs, cache, revision, numerics } = value;
  if (typeof deviceMs !== "number" || !(deviceMs >= 0 && deviceMs < Number.POSITIVE_INFINITY)) {
    throw new Malformed(`stats: device_ms ${shown(deviceMs)}`);
  }
  if (cache !== "hit" && cache !== "miss") throw new Malformed(`stats: cache ${shown(cache)}`);
  if (revision !== expected.revision) {
    throw new Malformed(`stats: revision ${shown(revision)}, not ${shown(expected.revision)}`);
  }
  if (numerics !== expected.numerics) {
    throw new Malformed(`stats: numerics ${shown(numerics)}, not ${shown(expected.numerics)}`);
  }
  return { deviceMs, cache, revision: expected.revision, numerics: expected.numerics };
}
