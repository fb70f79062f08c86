/** Turns a valid request and a model into the Plan: a pure value that says everything that will happen. */
import { type CorruptionKind, corruptionKinds, type Model } from "../catalogue/index.ts";
import { Refusal } from "../refusal.ts";
import { type ClassCondition, readCondition, type TextCondition } from "./condition.ts";
import { guidanceStrengths, type StrengthSchedule, vpgStrengths } from "./guidance.ts";
import { previewSteps } from "./preview.ts";
import { type Price, priceOf } from "./price.ts";
import { quote } from "./quote.ts";
import { type PlannedRouting, type RoutingRequest, routingOf } from "./routing.ts";
import { findSchedule, type SizedSchedule } from "./schedule.ts";
import { type Temperature, temper } from "./temperature.ts";

/** One step: a map of t x h x w tokens. */
export interface PlannedStep {
  readonly t: number;
  readonly h: number;
  readonly w: number;
  /** L_k = t h w. */
  readonly length: number;
  /** Width of a row of logits: codebook size, or bits of a token at this step. */
  readonly width: number;
  /** Guidance strength in the family's own formula. */
  readonly guidance: number;
  /** What the endpoint divides by before its guidance; null where the edge divides. */
  readonly endpointTemperature: number | null;
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
  readonly condition: ClassCondition | TextCondition;
  readonly guidanceScale: number;
  readonly vpg: {
    readonly scale: number;
    readonly schedule: StrengthSchedule;
    readonly corruption: { readonly ratio: number; readonly kind: CorruptionKind };
  };
  /** As asked for, or the model's own, whoever divides by it. */
  readonly temperature: Temperature;
  /** What the edge samples with: 1 or 0 where the endpoint has divided by the temperature. */
  readonly sampling: { readonly temperature: number; readonly topK: number; readonly topP: number };
  readonly pictures: readonly PlannedPicture[];
  /** After which steps a preview is made, ascending. */
  readonly previews: readonly number[];
  readonly format: Model["formats"][number];
  /** Pictures an endpoint takes in one request. */
  readonly batch: number;
  readonly routing: PlannedRouting;
  readonly price: Price;
}

/** What the plan needs of a request; absent is the model's default. */
export interface PlanRequest {
  readonly prompt: string;
  /** Text models only; absent or empty: the row that was trained for "no text". */
  readonly negativePrompt?: string | undefined;
  readonly n: number;
  readonly size: string;
  /** Video models only: one of the lengths of that size. */
  readonly seconds?: number | undefined;
  readonly format: string;
  readonly partialImages: number;
  readonly seed: number;
  readonly guidanceScale?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  readonly vpg?: VpgRequest | false | undefined;
  readonly routing?: RoutingRequest | undefined;
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
  const schedule = findSchedule(request.size, request.seconds, model);
  const K = schedule.steps.length;
  const { defaults, limits } = model;
  atMost("n", request.n, limits.pictures);
  refuseAbove(limits.tokens, request.n, schedule);
  atMost("partial_images", request.partialImages, K);
  const guidanceScale = request.guidanceScale ?? defaults.guidance_scale;
  atMost("guidance_scale", guidanceScale, model.guidance.max);
  const vpg = vpgOf(request.vpg, model);
  const guidance = guidanceStrengths(model.guidance.formula, guidanceScale, K);
  const lambda = vpgStrengths(vpg.scale, vpg.schedule, K);
  const { temperature, edge, endpoint } = temper(request.temperature, model, schedule.steps);
  const steps = schedule.steps.map(({ t, h, w, width }, k) => ({
    t,
    h,
    w,
    length: t * h * w,
    width,
    guidance: guidance[k]!,
    endpointTemperature: endpoint[k]!,
    lambda: Math.fround(vpg.corruption.ratio) === 0 ? 0 : lambda[k]!,
  }));
  return {
    model: model.id,
    revision: model.revision,
    tokens: model.tokens,
    schedule: schedule.name,
    size: schedule.size,
    steps,
    condition: readCondition(request.prompt, request.negativePrompt ?? "", model.condition),
    guidanceScale,
    vpg,
    temperature,
    sampling: {
      temperature: edge,
      topK: request.topK ?? defaults.top_k,
      topP: request.topP ?? defaults.top_p,
    },
    pictures: seedPictures(
      request.seed,
      request.n,
      request.vpg === false ? undefined : request.vpg?.corruption?.seed,
    ),
    previews: previewSteps(request.partialImages, K),
    format: formatOf(request.format, model, schedule),
    batch: limits.batch,
    routing: routingOf(request.routing),
    price: priceOf(steps, model.price),
  };
}

/** Whether step k runs a corrupted branch: a strength to apply and a prefix to corrupt. */
export function branchesOf({ steps }: Pick<Plan, "steps">, k: number): 1 | 2 {
  return k > 0 && steps[k]!.lambda !== 0 ? 2 : 1;
}

function vpgOf(asked: VpgRequest | false | undefined, model: Model): Plan["vpg"] {
  const { scale, schedule, corruption } = model.defaults.vpg;
  if (asked === false) return { scale: 0, schedule, corruption };
  return {
    scale: asked?.scale ?? scale,
    schedule: asked?.schedule ?? schedule,
    corruption: {
      ratio: asked?.corruption?.ratio ?? corruption.ratio,
      kind: kindOf(asked?.corruption?.kind ?? corruption.kind, model),
    },
  };
}

function kindOf(kind: CorruptionKind, model: Model): CorruptionKind {
  const kinds: readonly CorruptionKind[] = corruptionKinds[model.family];
  if (kinds.includes(kind)) return kind;
  throw new Refusal("unsupported_value", `vpg.corruption.kind: ${model.id} takes ${kinds.join(", ")}.`, {
    param: "vpg.corruption.kind",
  });
}

/** A film where there is a length, else a picture. */
function formatOf(format: string, { id, formats }: Model, { seconds }: SizedSchedule): Plan["format"] {
  const isFilm = (seconds ?? 0) > 0;
  const fitting = (formats as readonly Plan["format"][]).filter((known) => (known === "mp4") === isFilm);
  const found = fitting.find((known) => known === format);
  if (found) return found;
  throw new Refusal(
    "unsupported_value",
    `output_format: ${id} makes ${fitting.join(", ")} of that, not ${quote(format)}.`,
    { param: "output_format" },
  );
}

/** What one request may ask for in all: pictures x size x steps, which tokens count. */
function refuseAbove(most: number, n: number, { size, steps }: SizedSchedule): void {
  const each = steps.reduce((sum, { t, h, w }) => sum + t * h * w, 0);
  if (n * each <= most) return;
  throw new Refusal(
    "invalid_value",
    `n, size: ${n} of ${size} in ${steps.length} steps are ${n * each} tokens, and a request may have ${most}: at most ${Math.floor(most / each)} of that size.`,
    { param: "n" },
  );
}

function atMost(param: string, value: number, limit: number): void {
  if (value > limit)
    throw new Refusal("invalid_value", `${param}: at most ${limit}, not ${value}.`, { param });
}
