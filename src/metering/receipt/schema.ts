/** What a receipt says: one strict schema, for those who write receipts and those who check them. */
import { z } from "zod";

/** A change that an old reader would misread gets another number. */
export const RECEIPT_VERSION = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = z.number().min(0);
const moment = z.iso.datetime({ precision: 3 });

/** As the `vpg` report gives them, without the prompt. */
const settings = z.strictObject({
  size: z.string(),
  output_format: z.string(),
  schedule: z.string(),
  guidance_scale: z.number(),
  temperature: z.union([z.number(), z.strictObject({ image: z.number(), video: z.number() })]),
  top_k: count,
  top_p: z.number(),
  vpg: z.union([
    z.literal(false),
    z.strictObject({
      scale: z.number(),
      schedule: z.union([z.enum(["constant", "ramp"]), z.array(z.number())]),
      corruption: z.strictObject({ ratio: z.number(), kind: z.string() }),
    }),
  ]),
  strengths: z.array(z.strictObject({ guidance: z.number(), lambda: z.number() })),
});

const route = z.strictObject({
  /** The kind of cloud, where there is a choice. */
  provider: z.string().nullable(),
  endpoint: z.string(),
  region: z.string().nullable(),
  /** The numerics classes that answered; more than one only where the request allowed it. */
  numerics: z.array(z.string()),
  /** Attempts beyond the one that was delivered; they cost the caller nothing. */
  failovers: count,
});

const step = z.strictObject({
  step: count,
  /** One for each part that the pictures were split into. */
  routes: z.array(route),
  /** Over all pictures. */
  device_ms: milliseconds,
  /** How many pictures found their prefix at the endpoint. */
  cache: z.strictObject({ hits: count, misses: count }),
});

export const receiptSchema = z.strictObject({
  receipt: z.literal(RECEIPT_VERSION),
  issuer: z.string().min(1),
  generation: z.string().min(1),
  account: z.string().min(1),
  project: z.string().min(1),
  api_key: z.string().min(1),
  created_at: moment,
  ended_at: moment,
  /** `unattended`: a crash had cut it off and nobody came back for it. */
  status: z.enum(["completed", "cancelled", "failed", "unattended"]),
  model: z.string().min(1),
  revision: sha256,
  request: z.strictObject({
    prompt_sha256: sha256,
    /** Null where the model reads no negative prompt. */
    negative_prompt_sha256: sha256.nullable(),
    n: z.int().min(1),
    seeds: z.array(z.strictObject({ seed, corruption_seed: seed })),
    settings,
  }),
  price: z.strictObject({
    /** The price table's. */
    version: z.string().min(1),
    /** All that was planned, delivered or not, for one picture. */
    steps: z.array(
      z.strictObject({
        t: z.int().min(1),
        h: z.int().min(1),
        w: z.int().min(1),
        tokens: z.int().min(1),
        branches: z.union([z.literal(1), z.literal(2)]),
        micro_credits: count,
      }),
    ),
  }),
  /** What was delivered, in order. */
  steps: z.array(step),
  /** Of the delivered steps, over all pictures. */
  totals: z.strictObject({
    steps: count,
    tokens: count,
    branches: count,
    device_ms: milliseconds,
    failovers: count,
  }),
  /** Micro-credits; `pictures` of the n are charged for. */
  charge: z.strictObject({ pictures: count, held: count, charged: count, released: count }),
  outputs: z.array(
    z.strictObject({ image_index: count, sha256, bytes: z.int().min(1), content_type: z.string().min(1) }),
  ),
});

export type Receipt = z.infer<typeof receiptSchema>;
