/** Vectors of whole small steps: logits in, tokens out, or the row that is refused. */
import { closeness, closenessOfBit } from "../../kernels/edge/closeness.ts";
import { MalformedRow } from "../../kernels/edge/malformed.ts";
import { philox, uniform } from "../../kernels/edge/philox.ts";
import { mixRow, sampleStep } from "../../kernels/edge/reference.ts";
import type { StepSettings } from "../../kernels/edge/settings.ts";
import { float32 } from "./hex.ts";

const BASE: StepSettings = {
  tokens: "codebook",
  length: 6,
  width: 16,
  branches: 2,
  lambda: 1.5,
  temperature: 1,
  topK: 0,
  topP: 1,
  seed: 7,
  step: 3,
};

/** A whole step: what it is sampled with, FP16 [length, branches, width], and the tokens drawn. */
export interface SamplingVector {
  readonly name: string;
  readonly settings: Omit<StepSettings, "lambda" | "temperature"> & {
    readonly lambda: string;
    readonly temperature: string;
  };
  readonly logits: string;
  readonly drawn: string;
}

/** A row's logit from a uniform: spread like a model's, or with many equal. */
type Shape = (random: number) => number;
const spread: Shape = (random) => 4 * Math.log(random);
const tied: Shape = (random) => -Math.floor(5 * random);

/** FP16 bytes for the settings, drawn from Philox; every row's largest moved to 0, a third of the pairs alike. */
function logits(settings: StepSettings, shape: Shape, masked: number): Uint8Array {
  const { length, width, branches, tokens } = settings;
  const values = new Float16Array(length * branches * width);
  for (let u = 0; u < length; u++) {
    const generated = values.subarray(u * branches * width, u * branches * width + width);
    const corrupted = values.subarray(u * branches * width + width, (u + 1) * branches * width);
    for (let i = 0; i < width; i++) {
      const [x0, x1, x2, x3] = philox(settings.seed, [i, u, 0, width]);
      const isMasked = tokens === "codebook" && i > 0 && x3 / 2 ** 32 < masked;
      generated[i] = isMasked ? -Infinity : shape(uniform(x0, x1)) + (tokens === "bitwise" ? 3 : 0);
      if (branches === 2) corrupted[i] = generated[i]! - (x2 % 3 === 0 ? 0 : x2 / 2 ** 32);
    }
    if (tokens === "codebook")
      for (const row of branches === 2 ? [generated, corrupted] : [generated]) shift(row);
  }
  return new Uint8Array(values.buffer);
}

function shift(row: Float16Array): void {
  const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
  for (const [i, value] of row.entries()) row[i] = value - largest;
}

function samplingVector(
  name: string,
  over: Partial<StepSettings>,
  shape: Shape = spread,
  masked = 0,
): SamplingVector {
  const settings: StepSettings = { ...BASE, ...over };
  const bytes = logits(settings, shape, masked);
  demandClear(name, settings, bytes);
  const { lambda, temperature, ...rest } = settings;
  return {
    name,
    settings: { ...rest, lambda: float32(lambda), temperature: float32(temperature) },
    logits: Buffer.from(bytes).toString("hex"),
    drawn: Buffer.from(sampleStep(settings, bytes)).toString("hex"),
  };
}

/** No vector may hang on the last digits of an exponential. */
function demandClear(name: string, settings: StepSettings, bytes: Uint8Array): void {
  if (settings.temperature === 0) return;
  for (let u = 0; u < settings.length; u++) {
    const z = mixRow(settings, new DataView(bytes.buffer), u);
    const nearest =
      settings.tokens === "codebook"
        ? closeness(settings, z, u)
        : Math.min(...Array.from(z, (value, b) => closenessOfBit(settings, value, u, b)));
    if (nearest < 4e-6)
      throw new Error(`${name}: row ${u} is too close to call (${nearest}); take another seed`);
  }
}

/** Small steps of codebook tokens, a rule each. */
export function codebookVectors(): SamplingVector[] {
  return [
    samplingVector("plain", {}),
    samplingVector("one branch", { branches: 1 }),
    samplingVector("lambda 0", { lambda: 0 }),
    samplingVector("large lambda", { lambda: 1e6, seed: 2 }),
    samplingVector("temperature", { temperature: 0.7, step: 4 }),
    samplingVector("temperature 0", { temperature: 0 }),
    samplingVector("temperature 0 with ties", { temperature: 0, lambda: 0 }, tied),
    samplingVector("top_k", { topK: 5 }),
    samplingVector("top_k 1", { topK: 1 }),
    samplingVector("top_k with ties", { topK: 5, lambda: 0, length: 12 }, tied),
    samplingVector("top_k V", { topK: 16 }),
    samplingVector("top_p", { topP: 0.6, length: 12 }),
    samplingVector("top_p 0", { topP: 0 }),
    samplingVector("top_p with ties", { topP: 0.7, lambda: 0, length: 12 }, tied),
    samplingVector("top_k and top_p", { topK: 9, topP: 0.9, temperature: 1.3, length: 12 }),
    samplingVector("masked", { length: 12, topP: 0.96 }, spread, 0.6),
    samplingVector("one token", { width: 1 }),
    samplingVector("odd width", { width: 37, topK: 20, topP: 0.96 }),
    samplingVector("as VAR", { width: 2000, length: 2, topK: 440, topP: 0.96, lambda: 3 }),
    samplingVector("largest seed", { seed: 2 ** 53 - 1, step: 9 }),
  ];
}

/** The same of bitwise tokens. */
export function bitwiseVectors(): unknown {
  const bitwise = { tokens: "bitwise", width: 32, lambda: 0.2 } as const;
  return [
    samplingVector("plain", bitwise),
    samplingVector("one branch", { ...bitwise, branches: 1 }),
    samplingVector("as Infinity", { ...bitwise, temperature: 0.5, topK: 900, topP: 0.97 }),
    samplingVector("temperature 0", { ...bitwise, temperature: 0 }),
    samplingVector("top_k 1", { ...bitwise, topK: 1 }),
    samplingVector("top_p 0", { ...bitwise, topP: 0 }),
    samplingVector("top_p with ties", { ...bitwise, topP: 0.8, lambda: 0 }, tied),
    samplingVector("odd width", { ...bitwise, width: 13 }),
    samplingVector("one bit", { ...bitwise, width: 1 }),
    samplingVector("64 bits", { ...bitwise, width: 64, temperature: 0.4 }),
  ];
}

/** Steps with a row that must be refused, and why. */
export function malformedVectors(): unknown {
  const cases: [string, Partial<StepSettings>, string][] = [
    ["NaN", { branches: 1, width: 3, length: 2 }, "000000bc00bc 0000007e00bc"],
    ["plus infinity", { branches: 1, width: 3 }, "0000007c00bc"],
    ["masked in the generated row only", { width: 2 }, "000000fc 000000bc"],
    ["masked in the corrupted row only", { width: 2 }, "000000bc 000000fc"],
    ["nothing finite", { width: 2 }, "00fc00fc 00fc00fc"],
    ["a masked bit", { tokens: "bitwise", width: 2 }, "00bc00fc 00bc00fc"],
  ];
  return cases.map(([name, over, text]) => {
    const settings: StepSettings = { ...BASE, length: 1, ...over };
    const bytes = Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
    try {
      sampleStep(settings, bytes);
    } catch (error) {
      if (!(error instanceof MalformedRow)) throw error;
      const { tokens, length, width, branches } = settings;
      const { malformation, row } = error;
      return {
        name,
        settings: { tokens, length, width, branches },
        logits: Buffer.from(bytes).toString("hex"),
        malformation,
        row,
      };
    }
    throw new Error(`${name}: the reference draws from it`);
  });
}
