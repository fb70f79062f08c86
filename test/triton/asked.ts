/** What the tests ask of any endpoint through the adapter, and how they compare the answers. */
/// <reference lib="esnext.float16" />
import type { CorruptionKind, PictureStep, StepRequest, StepSource } from "../../adapters/contract.ts";
import { triton } from "../../adapters/triton.ts";
import { post, someTokens, stepRequest, uint16s, weights } from "../../kernels/local/asking.ts";
import { type Model, readModel, stepCount, stepLength } from "../../kernels/local/model.ts";
import { never } from "../adapters/failures.ts";
import { gathered } from "../adapters/steps.ts";

export const model = await readModel(weights);
export const K = stepCount(model.schedule);
export const kinds = ["embedding", "position", "token", "codebook"] as const;

export interface Lab {
  readonly url: string;
  readonly source: StepSource;
  readonly numerics: string;
}

/** The adapter to a server, told the numerics class that the server declares. */
export async function labAt(url: string, of: Model = model): Promise<Lab> {
  const numerics = await declaredNumerics(url, of);
  return { url, numerics, source: triton({ name: url, url, region: null, numerics }) };
}

/** What the server at that address says its class is. */
export async function declaredNumerics(url: string, of: Model = model): Promise<string> {
  const response = await post(url, of.id, {
    ...stepRequest([
      {
        step: 0,
        tokens: [],
        class: 0,
        guidance: [0],
        corruption: { kind: "", seed: 0, ratio: 0 },
        prefixKey: "",
      },
    ]),
    outputs: ["stats"],
  });
  return /"numerics": ?"([^"]+)"/.exec(await response.text())![1]!;
}

interface Wish {
  readonly kind?: CorruptionKind;
  readonly ratio?: number;
  readonly key?: string;
}

/** A picture at step k; every seed another. */
export function picture(
  seed: number,
  k: number,
  { kind = "embedding", ratio = 0.5, key }: Wish = {},
  { schedule, classes }: Model = model,
): PictureStep {
  return {
    prefix: uint16s(someTokens(schedule.bounds[k]!, seed)),
    condition: { kind: "class", index: seed % classes.length },
    guidance: Array.from({ length: k + 1 }, (_, j) => (1.5 * j) / (stepCount(schedule) - 1)),
    corruption: { kind, ratio, seed: seed + 100 },
    prefixKey: key ?? `picture ${seed}`,
  };
}

/** Step k of some pictures, all corrupted or none. */
export function requestOf(
  k: number,
  pictures: readonly PictureStep[],
  { id, revision, schedule, vocabulary }: Model = model,
): StepRequest {
  return {
    id: `ask-${k}`,
    model: id,
    revision,
    schedule: schedule.name,
    step: k,
    tokens: "codebook",
    length: stepLength(schedule, k),
    width: vocabulary,
    branches: k > 0 && pictures[0]!.corruption.ratio > 0 ? 2 : 1,
    pictures,
    deadlineMs: 30_000,
  };
}

export interface Told {
  /** One a picture, FP16 as hex: a test compares and shows bits. */
  readonly bits: readonly string[];
  readonly cache: readonly string[];
}

export async function tell({ source }: Lab, k: number, ...pictures: PictureStep[]): Promise<Told> {
  return told(source, requestOf(k, pictures));
}

/** What a source says to a request of any model. */
export async function told(source: StepSource, request: StepRequest): Promise<Told> {
  const answer = await source.step(request, never);
  const { pictures } = request;
  const bytes = Buffer.from(await gathered(answer.logits));
  const size = bytes.byteLength / pictures.length;
  return {
    bits: pictures.map((_, i) => bytes.subarray(i * size, (i + 1) * size).toString("hex")),
    cache: answer.stats.map((stats) => stats.cache),
  };
}

/** How far two answers' logits are apart: at most, and at most beyond one unit in the last place of FP16. */
export function apart(one: string, other: string): { most: number; beyond: number } {
  const [a, b] = [one, other].map(
    (bits) => new Float16Array(new Uint8Array(Buffer.from(bits, "hex")).buffer),
  );
  let most = 0;
  let beyond = 0;
  for (let i = 0; i < a!.length; i++) {
    const distance = Math.abs(a![i]! - b![i]!);
    most = Math.max(most, distance);
    if (distance > unitOf(a![i]!)) beyond = Math.max(beyond, distance);
  }
  return { most, beyond };
}

/** What FP16 cannot tell apart at that size: 2^-10 of the power of two below. */
function unitOf(value: number): number {
  return value === 0 ? 2 ** -24 : 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10);
}
