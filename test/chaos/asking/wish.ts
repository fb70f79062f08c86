/** What one caller asks for, all of it chosen before it begins. */
import { catalogue } from "../../../src/catalogue/index.ts";
import type { Random } from "../../random.ts";

const { classes } = catalogue[0].condition as { classes: readonly string[] };

/** By `fetch` or the official client, as one JSON answer or as a stream. */
const MANNERS = ["fetch", "fetch stream", "openai", "openai stream"] as const;

export interface Wish {
  /** What the proxies know it by: its corruption seed. */
  readonly number: number;
  readonly body: Readonly<Record<string, unknown>> & {
    readonly prompt: string;
    readonly n: number;
    readonly seed: number;
    readonly vpg: { readonly scale: number; readonly corruption: { readonly seed: number } };
    /** `any`, `exact` or a numerics class. */
    readonly numerics: string;
  };
  readonly manner: (typeof MANNERS)[number];
  readonly previews: number;
  /** The same once more under one Idempotency-Key: beside the first, or when that is done. */
  readonly twice: "no" | "beside" | "after";
}

/** @param numerics what it may ask for, as `numerics`. */
export function wishOf(random: Random, number: number, numerics: readonly string[]): Wish {
  const manner = random.pick(MANNERS);
  return {
    number,
    body: {
      model: catalogue[0].id,
      prompt: random.pick(classes),
      n: random.pick([1, 1, 1, 2]),
      seed: random.whole(1_000_000),
      vpg: { scale: random.pick([0, 1.5, 1.5]), corruption: { seed: number } },
      numerics: random.pick(numerics),
    },
    manner,
    previews: manner.endsWith("stream") ? random.pick([0, 0, 2]) : 0,
    twice: random.pick(["no", "no", "no", "beside", "after"]),
  };
}

/** The wish as a request's body. */
export function bodyOf({ body, manner, previews }: Wish) {
  if (!manner.endsWith("stream")) return body;
  return { ...body, stream: true, partial_images: previews, stream_options: { include_failover: true } };
}
