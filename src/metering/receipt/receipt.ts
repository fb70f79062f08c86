/** Makes the receipt of a generation that has ended: a pure value, from its plan and its journal. */
import { sha256 as hashOf } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Plan } from "../../plan/plan.ts";
import type { HoldEnd } from "../hold.ts";
import { RECEIPT_VERSION, type Receipt } from "./schema.ts";

/** What the journal keeps of a committed step, as far as a receipt tells it. */
export interface DeliveredStep {
  readonly step: number;
  /** One a picture. */
  readonly stats: readonly {
    readonly deviceMs: number;
    readonly cache: "hit" | "miss";
    readonly numerics: string;
  }[];
  /** One a group of pictures that was asked for together. */
  readonly routes: readonly {
    readonly endpoint: string;
    readonly region: string | null;
    /** Its kind of cloud. */
    readonly provider?: string;
    /** Calls that failed before the one that was delivered; absent: none. */
    readonly tried?: readonly unknown[];
  }[];
}

/** A generation at its end. */
export interface Ended {
  /** Who signs: the deployment's public origin. */
  readonly issuer: string;
  readonly project: string;
  readonly apiKey: string;
  readonly createdMs: number;
  readonly endedMs: number;
  readonly plan: Plan;
  readonly steps: readonly DeliveredStep[];
  /** What the ledger is told; one that was never started has no receipt. */
  readonly end: HoldEnd & { readonly reason: Receipt["status"] };
  /** One finished file a picture, as `describeOutput` says it; empty where there are none. */
  readonly outputs: readonly Receipt["outputs"][number][];
}

export const CONTENT_TYPES: Record<Plan["format"], string> = {
  png: "image/png",
  webp: "image/webp",
  jpeg: "image/jpeg",
  mp4: "video/mp4",
};

/**
 * An output's line on the receipt.
 * @param sha256 in hex, where it is known already: the platform hashes a large file much faster than we.
 */
export function describeOutput(
  imageIndex: number,
  bytes: Uint8Array,
  format: Plan["format"],
  sha256 = sha256OfBytes(bytes),
): Receipt["outputs"][number] {
  return {
    image_index: imageIndex,
    sha256,
    bytes: bytes.length,
    content_type: CONTENT_TYPES[format],
  };
}

/** In hex, as every hash on a receipt. */
export const sha256OfBytes = (bytes: Uint8Array): string => bytesToHex(hashOf(bytes));

export const sha256OfText = (text: string): string => sha256OfBytes(utf8ToBytes(text));

/** The receipt; the prompt appears as its SHA-256 only. */
export function makeReceipt(ended: Ended): Receipt {
  const { plan, end } = ended;
  const n = plan.pictures.length;
  const planned = plannedSteps(plan);
  const steps = ended.steps.map((step) => deliveredStep(step, plan.batch));
  const held = n * sum(planned, (step) => step.micro_credits);
  const delivered = steps.map(({ step }) => planned[step]!);
  return {
    receipt: RECEIPT_VERSION,
    issuer: ended.issuer,
    generation: end.generation,
    account: end.account,
    project: ended.project,
    api_key: ended.apiKey,
    created_at: new Date(ended.createdMs).toISOString(),
    ended_at: new Date(ended.endedMs).toISOString(),
    status: end.reason,
    model: plan.model,
    revision: plan.revision,
    request: {
      ...hashedCondition(plan.condition),
      n,
      seeds: plan.pictures.map(({ seed, corruptionSeed }) => ({ seed, corruption_seed: corruptionSeed })),
      settings: settingsOf(plan),
    },
    price: { version: plan.price.version, steps: planned },
    steps,
    totals: {
      steps: steps.length,
      tokens: n * sum(delivered, (step) => step.tokens),
      branches: n * sum(delivered, (step) => step.branches),
      device_ms: rounded(sum(steps, (step) => step.device_ms)),
      failovers: sum(
        steps.flatMap((step) => step.routes),
        (route) => route.failovers,
      ),
    },
    charge: {
      pictures: end.reason === "completed" || end.reason === "cancelled" ? n : 0,
      held,
      charged: end.charge,
      released: held - end.charge,
    },
    outputs: [...ended.outputs],
  };
}

/** Of a class its label, of a text the text itself: what the `vpg` report shows as `prompt`. */
function hashedCondition(condition: Plan["condition"]) {
  return condition.kind === "class"
    ? { prompt_sha256: sha256OfText(condition.label), negative_prompt_sha256: null }
    : {
        prompt_sha256: sha256OfText(condition.prompt),
        negative_prompt_sha256: sha256OfText(condition.negativePrompt),
      };
}

function settingsOf(plan: Plan): Receipt["request"]["settings"] {
  const { scale, schedule, corruption } = plan.vpg;
  return {
    size: plan.size,
    output_format: plan.format,
    schedule: plan.schedule,
    guidance_scale: plan.guidanceScale,
    temperature: plan.temperature,
    top_k: plan.sampling.topK,
    top_p: plan.sampling.topP,
    vpg:
      scale === 0
        ? false
        : { scale, schedule: typeof schedule === "string" ? schedule : [...schedule], corruption },
    strengths: plan.steps.map(({ guidance, lambda }) => ({ guidance, lambda })),
  };
}

function plannedSteps(plan: Plan): Receipt["price"]["steps"] {
  return plan.steps.map(({ t, h, w, length, lambda }, k) => ({
    t,
    h,
    w,
    tokens: length,
    branches: branchesAt(k, lambda),
    micro_credits: plan.price.steps[k]!,
  }));
}

/** The first step has no prefix to corrupt (contract: Branches). */
export const branchesAt = (step: number, lambda: number): 1 | 2 => (step > 0 && lambda !== 0 ? 2 : 1);

/** @param batch pictures of a group: whose stats belong to which route. */
function deliveredStep({ step, stats, routes }: DeliveredStep, batch: number): Receipt["steps"][number] {
  const hits = stats.filter(({ cache }) => cache === "hit").length;
  return {
    step,
    routes: routes.map(({ endpoint, region, provider = null, tried = [] }, group) => {
      const own = stats.slice(group * batch, (group + 1) * batch);
      return {
        provider,
        endpoint,
        region,
        numerics: [...new Set(own.map(({ numerics }) => numerics))],
        failovers: tried.length,
      };
    }),
    device_ms: rounded(sum(stats, ({ deviceMs }) => deviceMs)),
    cache: { hits, misses: stats.length - hits },
  };
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number) =>
  items.reduce((total, item) => total + of(item), 0);

/** Microseconds are as fine as an endpoint's clock is worth. */
const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
