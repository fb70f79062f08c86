/** How near a draw came to falling otherwise: the only places where the kernel may differ from the reference. */
import { philox, STREAM, uniform } from "./philox.ts";
import { ranked, weigh } from "./reference.ts";
import type { StepSettings } from "./settings.ts";

/** The distance of r to the nearest cumulative share, or of a preceding mass to p, whichever is less. */
export function closeness(settings: StepSettings, z: Float32Array, u: number): number {
  const words = philox(settings.seed, [u, settings.step, STREAM.sampling, 0]);
  return Math.min(
    toShares(weigh(settings, z), uniform(words[0], words[1])),
    settings.topP < 1 ? toMasses(settings, z) : Infinity,
  );
}

function toShares(weights: Float64Array, r: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let running = 0;
  let nearest = Infinity;
  for (const weight of weights) {
    running += weight;
    nearest = Math.min(nearest, Math.abs(running / total - r));
  }
  return nearest;
}

function toMasses(settings: StepSettings, z: Float32Array): number {
  const weights = weigh({ ...settings, topP: 1 }, z);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  let nearest = Infinity;
  for (const i of ranked(z, weights)) {
    before += weights[i]!;
    nearest = Math.min(nearest, Math.abs(before / total - settings.topP));
  }
  return nearest;
}

/** The same for bit b of log-odds z: r to the odds, and the smaller probability to 1 - p. */
export function closenessOfBit(settings: StepSettings, z: number, u: number, b: number): number {
  const words = philox(settings.seed, [u, settings.step, STREAM.sampling, 1 + (b >>> 1)]);
  const r = b & 1 ? uniform(words[2], words[3]) : uniform(words[0], words[1]);
  const odds = 1 / (1 + Math.exp(-z));
  const toCut = settings.topP < 1 ? Math.abs(Math.min(odds, 1 - odds) - (1 - settings.topP)) : Infinity;
  return Math.min(Math.abs(r - odds), toCut);
}
