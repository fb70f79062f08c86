/** A live endpoint as the conformance suite sees it: its adapter, its model, and its front end where that is ours. */
import { createHash } from "node:crypto";
import type { DecodeRequest, PictureStep, StepRequest, StepSource } from "../../../adapters/contract.ts";
import { Fault } from "../../../adapters/fault.ts";
import { connect, type Secrets } from "../../../adapters/providers/connect.ts";
import type { ProviderConfig } from "../../../adapters/providers/schema.ts";
import { someTokens, uint16s } from "../../../kernels/local/asking.ts";
import type { Model } from "../../../src/catalogue/index.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { gathered } from "../steps.ts";

export interface Lab {
  readonly provider: ProviderConfig;
  readonly entry: ProviderConfig["models"][number];
  readonly model: Model;
  readonly secrets: Secrets;
  /** Our own front end, which can be told to misbehave; null before a cloud's. */
  readonly gateway: Gateway | null;
}

export const never = new AbortController().signal;

/** The adapter under test, through another fetch or with other secrets where a check wants them. */
export function sourceOf(
  { provider, entry, secrets }: Lab,
  change: { readonly fetch?: typeof fetch; readonly secrets?: Secrets } = {},
): StepSource {
  return connect(provider, entry, { secrets, ...change });
}

/** Each name in the config that stands for a secret, with its value. */
export function secretsOf({ provider, secrets }: Lab): string[] {
  const names = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === "string" && /^[A-Z][A-Z0-9_]*$/.test(value)) names.add(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
  };
  walk(provider);
  return [...names].map(secrets).filter((value) => typeof value === "string");
}

const scheduleOf = ({ model }: Lab) => model.schedules[0]!;
const lengthsOf = (lab: Lab) => scheduleOf(lab).steps.map(({ t, h, w }) => t * h * w);
/** K. */
export const stepsOf = (lab: Lab) => lengthsOf(lab).length;

/** Codebook size, or bits of a token of step k. */
function widthOf(lab: Lab, k: number): number {
  if (lab.model.family === "var") return lab.model.vocabulary;
  const step = lab.model.schedules[0]!.steps[k]!;
  return step.bits;
}

interface Wish {
  readonly deadlineMs?: number;
  readonly schedule?: string;
  readonly model?: string;
}

/** Prefixes of seeded tokens: codebook ones below 512, bitwise ones of zeros and ones. */
export function prefixOf(lab: Lab, steps: number, seed: number): Uint8Array {
  const lengths = lengthsOf(lab).slice(0, steps);
  if (lab.model.tokens === "codebook")
    return uint16s(
      someTokens(
        lengths.reduce((sum, length) => sum + length, 0),
        seed,
      ).map((token) => token % widthOf(lab, 0)),
    );
  const bytes = lengths.map((length, k) => length * Math.ceil(widthOf(lab, k) / 8));
  return Uint8Array.from({ length: bytes.reduce((sum, size) => sum + size, 0) }, (_, i) => (i * seed) % 2);
}

export function pictureOf(lab: Lab, k: number, seed: number, key: string): PictureStep {
  const condition =
    lab.model.condition.kind === "class"
      ? ({ kind: "class", index: seed % lab.model.condition.classes.length } as const)
      : ({ kind: "text", prompt: `picture ${seed}`, negativePrompt: "" } as const);
  return {
    prefix: prefixOf(lab, k, seed),
    condition,
    guidance: Array.from({ length: k + 1 }, () => 1.5),
    corruption: { ratio: 0.5, kind: "embedding", seed: seed + 100 },
    ...(lab.model.temperature_at === "endpoint" ? { temperature: 1 } : {}),
    prefixKey: key,
  };
}

/** Step k, by default the last one, of some pictures. */
export function stepOf(lab: Lab, pictures: readonly PictureStep[], k: number, wish: Wish = {}): StepRequest {
  const { model } = lab;
  return {
    id: `conformance-${k}`,
    model: wish.model ?? model.id,
    revision: model.revision,
    schedule: wish.schedule ?? scheduleOf(lab).name,
    step: k,
    tokens: model.tokens,
    length: lengthsOf(lab)[k]!,
    width: widthOf(lab, k),
    branches: k > 0 ? 2 : 1,
    pictures,
    deadlineMs: wish.deadlineMs ?? 30_000,
  };
}

export function decodeOf(lab: Lab, seeds: readonly number[]): DecodeRequest {
  const { model } = lab;
  return {
    id: "conformance-decode",
    model: model.id,
    schedule: scheduleOf(lab).name,
    format: "png",
    tokens: model.tokens,
    pictures: seeds.map((seed) => prefixOf(lab, stepsOf(lab), seed)),
    deadlineMs: 30_000,
  };
}

/** SHA-256 of each picture's rows. */
export async function digests(source: StepSource, request: StepRequest, signal = never): Promise<string[]> {
  const { logits } = await source.step(request, signal);
  const bytes = await gathered(logits);
  const n = request.pictures.length;
  const expected = n * request.length * request.branches * request.width * 2;
  if (bytes.byteLength !== expected) throw new Error(`${bytes.byteLength} bytes of logits, not ${expected}`);
  const size = expected / n;
  return request.pictures.map((_, i) => digest(bytes.subarray(i * size, (i + 1) * size)));
}

export const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** How a call fails: the one fault it is. */
export async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Fault) return error;
  throw error ?? new Error("it did not fail");
}

/** Kind, and for a timeout its phase: `timeout/head`. */
export function told({ fault }: Fault): string {
  return fault.kind === "timeout" ? `timeout/${fault.phase}` : fault.kind;
}
