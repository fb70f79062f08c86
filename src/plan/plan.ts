/** Turns a valid request and a model into the Plan: a pure value that says everything that will happen. */
import type { Model, Schedule } from "../catalogue/index.ts";
import { Refusal } from "../refusal.ts";
import { findClass } from "./condition.ts";
import { guidanceStrengths, type StrengthSchedule, vpgStrengths } from "./guidance.ts";
import { previewSteps } from "./preview.ts";

export type CorruptionKind = Model["defaults"]["vpg"]["corruption"]["kind"];

/** One step: a map of t x h x w tokens. */
export interface PlannedStep {
  readonly t: number;
  readonly h: number;
  readonly w: number;
  /** L_k = t h w. */
  readonly length: number;
  /** Width of a row of logits: codebook size. */
  readonly width: number;
  /** Guidance strength in the family's own formula. */
  readonly guidance: number;
  /** lambda_k, rounded to float32; 0: no corrupted branch. */
  readonly lambda: number;
}

export interface PlannedPicture {
  readonly seed: number;
  readonly corruptionSeed: number;
}

export interface Plan {
  readonly model: string;
  readonly revision: string;
  readonly tokens: "codebook" | "bitwise";
  readonly schedule: string;
  readonly size: string;
  readonly steps: readonly PlannedStep[];
  readonly condition: { readonly kind: "class"; readonly index: number; readonly label: string };
  readonly guidanceScale: number;
  readonly vpg: {
    readonly scale: number;
    readonly schedule: StrengthSchedule;
    readonly corruption: { readonly ratio: number; readonly kind: CorruptionKind };
  };
  readonly sampling: { readonly temperature: number; readonly topK: number; readonly topP: number };
  readonly pictures: readonly PlannedPicture[];
  /** After which steps a preview is made, ascending. */
  readonly previews: readonly number[];
  readonly format: "png" | "webp" | "jpeg";
  /** Pictures an endpoint takes in one request. */
  readonly batch: number;
}

/** What the plan needs of a request; absent is the model's default. */
export interface PlanRequest {
  readonly prompt: string;
  readonly n: number;
  readonly size: string;
  readonly format: string;
  readonly partialImages: number;
  readonly seed: number;
  readonly guidanceScale?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  readonly vpg?: VpgRequest | false | undefined;
}

export interface VpgRequest {
  readonly scale?: number | undefined;
  readonly schedule?: StrengthSchedule | undefined;
  readonly corruption?:
    | {
        readonly ratio?: number | undefined;
        readonly kind?: CorruptionKind | undefined;
        readonly seed?: number | undefined;
      }
    | undefined;
}

/** Makes the seeds of n pictures from the request's (contract: Seeds); given by the kernel's generator. */
export type SeedPictures = (seed: number, n: number, corruptionSeed: number | undefined) => PlannedPicture[];

/**
 * The plan of a request: same request, same model, same plan.
 * @throws Refusal naming the field that the model cannot serve.
 */
export function makePlan(request: PlanRequest, model: Model, seedPictures: SeedPictures): Plan {
  const schedule = scheduleOf(request.size, model);
  const K = schedule.steps.length;
  const { defaults, limits } = model;
  atMost("n", request.n, limits.pictures);
  atMost("partial_images", request.partialImages, K);
  const guidanceScale = request.guidanceScale ?? defaults.guidance_scale;
  atMost("guidance_scale", guidanceScale, model.guidance.max);
  const vpg = vpgOf(request.vpg, model);
  const guidance = guidanceStrengths(guidanceScale, K);
  const lambda = vpgStrengths(vpg.scale, vpg.schedule, K);
  return {
    model: model.id,
    revision: model.revision,
    tokens: model.tokens,
    schedule: schedule.name,
    size: schedule.size,
    steps: schedule.steps.map(({ t, h, w }, k) => ({
      t,
      h,
      w,
      length: t * h * w,
      width: model.vocabulary,
      guidance: guidance[k]!,
      lambda: Math.fround(vpg.corruption.ratio) === 0 ? 0 : lambda[k]!,
    })),
    condition: findClass(request.prompt, model.condition.classes),
    guidanceScale,
    vpg,
    sampling: {
      temperature: request.temperature ?? defaults.temperature,
      topK: request.topK ?? defaults.top_k,
      topP: request.topP ?? defaults.top_p,
    },
    pictures: seedPictures(
      request.seed,
      request.n,
      request.vpg === false ? undefined : request.vpg?.corruption?.seed,
    ),
    previews: previewSteps(request.partialImages, K),
    format: formatOf(request.format, model),
    batch: limits.batch,
  };
}

/** Whether step k runs a corrupted branch: a strength to apply and a prefix to corrupt. */
export function branchesOf(plan: Plan, k: number): 1 | 2 {
  return k > 0 && plan.steps[k]!.lambda !== 0 ? 2 : 1;
}

function vpgOf(asked: VpgRequest | false | undefined, model: Model): Plan["vpg"] {
  const { scale, schedule, corruption } = model.defaults.vpg;
  if (asked === false) return { scale: 0, schedule, corruption };
  return {
    scale: asked?.scale ?? scale,
    schedule: asked?.schedule ?? schedule,
    corruption: {
      ratio: asked?.corruption?.ratio ?? corruption.ratio,
      kind: asked?.corruption?.kind ?? corruption.kind,
    },
  };
}

function scheduleOf(size: string, model: Model): Schedule {
  if (size === "auto") return model.schedules[0]!;
  const found = model.schedules.find((schedule) => schedule.size === size);
  if (found) return found;
  const sizes = model.schedules.map((schedule) => schedule.size).join(", ");
  throw new Refusal("invalid_value", `size: ${model.id} makes ${sizes} (or auto), not ${quote(size)}.`, {
    param: "size",
  });
}

function formatOf(format: string, model: Model): Plan["format"] {
  const found = model.formats.find((known) => known === format);
  if (found) return found;
  throw new Refusal(
    "unsupported_value",
    `output_format: ${model.id} makes ${model.formats.join(", ")}, not ${quote(format)}.`,
    { param: "output_format" },
  );
}

function atMost(param: string, value: number, limit: number): void {
  if (value > limit)
    throw new Refusal("invalid_value", `${param}: at most ${limit}, not ${value}.`, { param });
}

const quote = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
