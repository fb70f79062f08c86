/** Vectors of everything that comes straight out of Philox: blocks, uniforms, seeds, corruption. */
import { corruptionIndex } from "../../kernels/edge/corruption.ts";
import { philox, philoxBlock, STREAM, uniform, type Words } from "../../kernels/edge/philox.ts";
import { corruptionSeed, pictureSeed } from "../../kernels/edge/seeds.ts";
import { float64, words } from "./hex.ts";

const SEEDS = [0, 1, 7, 2 ** 32 - 1, 2 ** 32, 123456789012345, 2 ** 53 - 1];

/** The generator: published known answers, seeds and counters of every stream, words to r. */
export function philoxVectors(): unknown {
  const published: [Words, [number, number]][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
    ],
  ];
  const counters: Words[] = [
    [0, 0, STREAM.sampling, 0],
    [679, 9, STREAM.sampling, 0],
    [4095, 12, STREAM.sampling, 16],
    [255, 3, STREAM.corruption, 0],
    [9, 0, STREAM.seeds, 0],
  ];
  return {
    random123: published.map(([counter, key]) => ({
      key: words(key),
      counter: words(counter),
      words: words(philoxBlock(key[0], key[1], counter)),
    })),
    seeded: SEEDS.flatMap((seed) =>
      counters.map((counter) => {
        const [x0, x1, x2, x3] = philox(seed, counter);
        const r = [float64(uniform(x0, x1)), float64(uniform(x2, x3))];
        return { seed, counter: words(counter), words: words([x0, x1, x2, x3]), r };
      }),
    ),
    uniforms: [
      [0, 0],
      [0xffffffff, 0xffffffff],
      [0x80000000, 0],
      [0x7fffffff, 0xffffffff],
      [31, 63],
    ].map(([a, b]) => ({ words: words([a!, b!]), r: float64(uniform(a!, b!)) })),
  };
}

/** The seeds of a request's pictures and of their corruption. */
export function seedVectors(): unknown {
  return SEEDS.map((seed) => ({
    seed,
    pictures: [0, 1, 2, 9].map((picture) => ({ picture, seed: pictureSeed(seed, picture) })),
    corruption: corruptionSeed(seed),
  }));
}

/** Positions replaced, and their sources or new tokens. */
export function corruptionVectors(): unknown {
  const cases: [number, number, number, number][] = [
    [7, 0, 1, 1],
    [7, 1, 4, 0.5],
    [7, 2, 9, 0],
    [7, 2, 9, 1],
    [7, 9, 256, 0.1],
    [2 ** 53 - 1, 5, 64, 0.1],
    [123456789012345, 4, 25, 0.05],
    [0, 3, 2, 0.9],
  ];
  return {
    index: cases.map(([seed, step, length, ratio]) => ({
      seed,
      step,
      length,
      ratio,
      index: [...corruptionIndex(seed, step, length, ratio)],
    })),
    codebook: cases.map(([seed, step, length, ratio]) => ({
      seed,
      step,
      length,
      ratio,
      width: 4096,
      replaced: replacedTokens(seed, step, length, ratio, 4096),
    })),
    bitwise: cases.slice(1, 5).map(([seed, step, length, ratio]) => ({
      seed,
      step,
      length,
      ratio,
      width: 35,
      replaced: replacedBits(seed, step, length, ratio, 35),
    })),
  };
}

/** Kind `codebook`: [position, token] of every token replaced. */
function replacedTokens(
  seed: number,
  step: number,
  length: number,
  ratio: number,
  width: number,
): [number, number][] {
  return replacements(seed, step, length, ratio).map(([u, x2]) => [u, Math.floor((x2 * width) / 2 ** 32)]);
}

/** The same of bitwise tokens: [position, the bits from the lowest on]. */
function replacedBits(
  seed: number,
  step: number,
  length: number,
  ratio: number,
  width: number,
): [number, string][] {
  return replacements(seed, step, length, ratio).map(([u, x2, x3]) => {
    const text = Array.from({ length: width }, (_, b) => ((b < 32 ? x2 : x3) >>> (b % 32)) & 1);
    return [u, text.join("")];
  });
}

function replacements(seed: number, step: number, length: number, ratio: number): [number, number, number][] {
  return Array.from({ length }, (_, u) => [u, ...philox(seed, [u, step, STREAM.corruption, 0])] as const)
    .filter(([, x0]) => x0 / 2 ** 32 < Math.fround(ratio))
    .map(([u, , , x2, x3]) => [u, x2, x3]);
}
