/** What requests may say: zod, one schema a concept; types and OpenAPI come from these. */
import { z } from "@hono/zod-openapi";
import { ERROR_CODES, ERROR_TYPES } from "./errors.ts";

/** Integers that JSON keeps: 0 to 2^53 - 1. */
export const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const strength = z.number().min(0).max(100);

const vpgSettings = z
  .strictObject({
    scale: strength
      .optional()
      .describe("lambda: how far the logits are pushed away from the corrupted branch; 0 turns VPG off"),
    schedule: z
      .union([z.enum(["constant", "ramp"]), z.array(z.number().min(-100).max(100)).min(1).max(1000)])
      .optional()
      .describe(
        "the strength of each step: scale, scale x k / (K - 1), or scale x the k-th factor; a model's default is the best that was found for it",
      ),
    corruption: z
      .strictObject({
        ratio: z.number().min(0).max(1).optional().describe("n_p: share of positions replaced"),
        kind: z
          .enum(["embedding", "position", "token", "codebook"])
          .optional()
          .describe("`embedding` is VPG; the others are its ablations"),
        seed: seed
          .optional()
          .describe("where replacements are drawn from; by default made from the picture's seed"),
      })
      .optional(),
  })
  .openapi("VpgSettings");

export const vpg = z.union([z.literal(false), vpgSettings]);

/** Accepted for the OpenAI client's sake, without effect here: named in `vpg.warnings`. */
const withoutEffect = {
  quality: z.enum(["low", "medium", "high", "xhigh", "max", "standard", "hd", "auto"]).nullish(),
  output_compression: z.int().min(0).max(100).nullish(),
  moderation: z.enum(["low", "auto"]).nullish(),
  complexity: z.enum(["low", "medium", "high"]).nullish(),
  style: z.enum(["vivid", "natural"]).nullish(),
};

export const imageRequest = z
  .strictObject({
    prompt: z
      .string()
      .min(1)
      .max(32_000)
      .describe("a text model's text; a class model's class by name, or `class:3`"),
    negative_prompt: z
      .string()
      .max(32_000)
      .nullish()
      .describe("text models only: what the picture is guided away from"),
    model: z.string().nullish().describe("by default the first of `GET /v1/models`"),
    n: z.int().min(1).max(10).nullish().describe("pictures; by default 1"),
    size: z.string().nullish().describe("`auto`, or a size that the model makes"),
    output_format: z.string().nullish().describe("png, webp or jpeg"),
    response_format: z
      .enum(["b64_json", "url"])
      .nullish()
      .describe("`url`: finished pictures as signed links that expire; previews stay b64_json"),
    background: z
      .enum(["auto", "opaque", "transparent"])
      .nullish()
      .describe("pictures are opaque; `transparent` is refused"),
    stream: z.boolean().nullish().describe("events instead of one JSON answer"),
    partial_images: z
      .int()
      .min(0)
      .max(1000)
      .nullish()
      .describe("previews a picture, up to the model's steps"),
    user: z.string().max(512).nullish().describe("echoed as `safety_identifier`"),
    safety_identifier: z.string().max(512).nullish().describe("echoed"),
    ...withoutEffect,
    seed: seed
      .nullish()
      .describe("same request, same seed, same picture; drawn when absent, and always echoed"),
    guidance_scale: z
      .number()
      .min(0)
      .max(1000)
      .nullish()
      .describe("classifier-free guidance, before the family's own ramp"),
    temperature: z.number().min(0).max(100).nullish().describe("0 takes the likeliest token each time"),
    top_k: z.int().min(0).max(1_000_000).nullish().describe("0: off"),
    top_p: z.number().min(0).max(1).nullish().describe("1: off"),
    vpg: vpg.nullish(),
    route: z
      .enum(["fastest", "balanced", "cheapest"])
      .nullish()
      .describe("which endpoints are preferred; the price is the same; by default `balanced`"),
    region: z
      .string()
      .min(1)
      .max(200)
      .nullish()
      .describe("draw there and nowhere else: a region (`eu-central-1`), or an area (`eu`)"),
    numerics: z
      .string()
      .min(1)
      .max(200)
      .nullish()
      .describe(
        "`any`; `exact`: all steps in one exact numerics class, whatever fails; or the class that an earlier answer named, to make its pictures again; by default `any`",
      ),
    stream_options: z
      .strictObject({
        include_failover: z
          .boolean()
          .nullish()
          .describe("adds `vpg.failover` events: an endpoint failed, another goes on"),
      })
      .nullish()
      .describe("with `stream: true` only"),
    max_micro_credits: z
      .int()
      .min(0)
      .nullish()
      .describe("refuse the request where it costs more than this; 0 runs only what is free"),
  })
  .openapi("ImageRequest");

export type ImageRequest = z.infer<typeof imageRequest>;

/** A generation's id, as a part of a path; one that is none of ours is a 404. */
export const generationId = z.string().openapi({
  description: "what `x-generation-id` said",
  pattern: "^gen_[0-9a-f]{56}$",
  example: `gen_${"0".repeat(56)}`,
});

/** A stream of server-sent events; as OpenAPI 3.1 is read, the schema is that of each event. */
export const eventStream = {
  "text/event-stream": {
    schema: z
      .object({
        id: z
          .string()
          .optional()
          .openapi({ description: "goes into `Last-Event-ID`", pattern: "^[0-9]{1,9}$" }),
        event: z
          .enum([
            "image_generation.partial_image",
            "image_generation.completed",
            "vpg.failover",
            "vpg.picture_failed",
            "error",
          ])
          .describe(
            "the first two as the OpenAI API has them; each picture ends with `image_generation.completed` or `vpg.picture_failed`; `vpg.failover` comes where it was asked for; `error`, if any failed, is the last of all",
          ),
        data: z
          .string()
          .describe(
            "JSON: `type` is the event's, `image_index` says which picture, `b64_json` or `url` has it",
          ),
      })
      .openapi("StreamedEvent"),
    example:
      'id: 5\nevent: image_generation.completed\ndata: {"type":"image_generation.completed","b64_json":"iVBORw0K…","image_index":0}\n\n',
  },
};

/** Fields of the OpenAI API that are accepted and change nothing. */
export const ineffectiveFields = Object.keys(withoutEffect) as (keyof typeof withoutEffect)[];

const errorBody = z
  .object({
    error: z.object({
      type: z.enum(ERROR_TYPES),
      message: z.string().describe("what is wrong, for people"),
      param: z.string().nullable().describe("the field, parameter or header that is"),
      code: z.enum(ERROR_CODES).describe("what is wrong, for programs"),
    }),
  })
  .openapi("Error");

export const errorAnswer = (description: string) => ({
  description,
  content: { "application/json": { schema: errorBody } },
});

const vpgReport = z
  .object({
    generation_id: z.string(),
    model: z.string(),
    revision: z.string(),
    settings: z.record(z.string(), z.unknown()),
    steps: z.int(),
    tokens: z.int(),
    pictures: z.array(z.object({ image_index: z.int(), seed, corruption_seed: seed })),
    numerics: z.array(z.string()),
    price: z.object({ version: z.string(), micro_credits: z.int(), per_picture: z.int() }),
    timing: z.record(z.string(), z.number()),
    warnings: z.array(z.object({ param: z.string(), message: z.string() })),
  })
  .openapi("VpgReport");

const usage = z
  .object({
    input_tokens: z.int(),
    output_tokens: z.int(),
    total_tokens: z.int(),
    input_tokens_details: z.object({ text_tokens: z.int(), image_tokens: z.int() }),
  })
  .openapi("Usage");

export const imageAnswer = z
  .object({
    created: z.int(),
    background: z.literal("opaque"),
    output_format: z.string(),
    size: z.string(),
    data: z.array(z.union([z.object({ b64_json: z.string() }), z.object({ url: z.url() })])),
    usage,
    safety_identifier: z.string().nullable(),
    vpg: vpgReport,
  })
  .openapi("ImageAnswer");

export const priceQuote = z
  .object({
    object: z.literal("price_quote"),
    model: z.string(),
    quantity: z.int(),
    micro_credits: z.int(),
    qualifier: z.literal("exact"),
    breakdown: z.object({
      price_version: z.string(),
      per_picture: z.int(),
      steps: z.array(z.object({ step: z.int(), tokens: z.int(), branches: z.int(), micro_credits: z.int() })),
    }),
  })
  .openapi("PriceQuote");

export const modelAnswer = z
  .looseObject({ id: z.string(), object: z.literal("model"), created: z.int(), owned_by: z.string() })
  .openapi("Model");

export const modelList = z
  .object({ object: z.literal("list"), data: z.array(modelAnswer) })
  .openapi("ModelList");

export const generationAnswer = z
  .looseObject({
    id: z.string(),
    object: z.literal("generation"),
    status: z.enum(["running", "stopped", "completed", "failed", "cancelled", "expired"]),
    created_at: z.int(),
    completed_at: z.int().nullable(),
    outputs: z
      .array(
        z.object({
          image_index: z.int(),
          sha256: z.string(),
          bytes: z.int(),
          content_type: z.string(),
          url: z.url().describe("a fresh link, which expires"),
        }),
      )
      .describe("empty before the end, and once they have expired"),
  })
  .openapi("Generation");
