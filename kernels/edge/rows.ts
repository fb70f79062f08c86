/** Rows of logits for tests and the benchmark: settings to vary, contents of many kinds, and the whole step in one call. */
import { compiledKernel } from "./compiled.ts";
import { loadKernel, type StepSampler, type StepSettings } from "./index.ts";
import type { Narrowed } from "./narrowing.ts";

export const kernel = loadKernel(compiledKernel());

/** The kernel's tokens of a whole step, its bytes pushed in pieces that end at the cuts. */
export function run(settings: StepSettings, bytes: Uint8Array, cuts: readonly number[] = []): Uint8Array {
  return drain(kernel.begin(settings), bytes, cuts);
}

/** The same from candidates alone. */
export function runCandidates(
  settings: StepSettings,
  { logits, ...candidates }: Narrowed,
  cuts: readonly number[] = [],
): Uint8Array {
  return drain(kernel.begin(settings, candidates), logits, cuts);
}

function drain(sampler: StepSampler, bytes: Uint8Array, cuts: readonly number[]): Uint8Array {
  try {
    let at = 0;
    for (const cut of [...cuts, bytes.length]) {
      sampler.push(bytes.subarray(at, cut));
      at = cut;
    }
    return sampler.finish();
  } finally {
    sampler.dispose();
  }
}

/** One row of four tokens, nothing changed, nothing cut. */
export const plain: StepSettings = {
  tokens: "codebook",
  length: 1,
  width: 4,
  branches: 1,
  lambda: 0,
  temperature: 1,
  topK: 0,
  topP: 1,
  seed: 7,
  step: 0,
};

/** FP16 little endian. */
export function halves(...values: number[]): Uint8Array {
  return new Uint8Array(Float16Array.from(values).buffer);
}

/** A small generator for the contents of rows, which fast-check would make too slowly. */
type Random = () => number;

function noise(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Kinds of rows: what a model sends, and what is hard to cut exactly. */
export const SHAPES = {
  logits: (random: Random) =>
    2.5 * Math.sqrt(-2 * Math.log(random())) * Math.cos(6.283185307179586 * random()) - 8,
  flat: () => -1,
  ties: (random: Random) => -Math.floor(4 * random()),
  close: (random: Random) => -random() * 2 ** -10,
  tiny: (random: Random) => -random() * 2 ** -14,
  wide: (random: Random) => (random() - 0.5) * 131008,
  spike: (random: Random) => (random() < 0.02 ? 0 : -60000 - random() * 100),
  masked: (random: Random) => (random() < 0.7 ? -Infinity : -9 * random()),
  /** High at the quadruples of 4096 on which the kernel bases its guess, low elsewhere. */
  lure: (random: Random, i: number) => ((i >>> 2) % 16 === 0 ? -random() : -2 - random()),
} satisfies Record<string, (random: Random, i: number) => number>;

export type Shape = keyof typeof SHAPES;

/** A whole step's bytes; the corrupted row differs from the generated one in two places of three. */
export function makeLogits(settings: StepSettings, shape: Shape, seed: number): Uint8Array {
  const random = noise(seed);
  const value = SHAPES[shape];
  const { width, branches, length } = settings;
  const values = new Float16Array(length * branches * width);
  for (let u = 0; u < length; u++) {
    const start = u * branches * width;
    for (let i = 0; i < width; i++) {
      const g = settings.tokens === "bitwise" ? Math.max(-60000, value(random, i)) + 3 : value(random, i);
      values[start + i] = g;
      if (branches === 2) values[start + width + i] = g === -Infinity ? g : random() < 0.3 ? g : g - random();
    }
    if (values.subarray(start, start + width).every((x) => x === -Infinity))
      values.fill(-1, start, start + width * branches);
  }
  return new Uint8Array(values.buffer);
}
