/** What the catalogue says of a model: one JSON file a model, this is its schema. */
import { z } from "zod";

const step = z.object({
  t: z.int().min(1),
  h: z.int().min(1),
  w: z.int().min(1),
});

const schedule = z.object({
  /** The name both sides know it by (contract: input `schedule`). */
  name: z.string().min(1),
  /** Width x height in pixels. */
  size: z.string().regex(/^\d+x\d+$/),
  steps: z.array(step).min(1),
});

const strengths = z.union([z.enum(["constant", "ramp"]), z.array(z.number()).min(1)]);

const vpg = z.object({
  scale: z.number().min(0),
  schedule: strengths,
  corruption: z.object({
    ratio: z.number().min(0).max(1),
    kind: z.enum(["embedding", "position", "token", "codebook"]),
  }),
});

/** A value and where it comes from, so that a reader can check it. */
const sourced = z.object({ source: z.string().min(1) });

export const modelSchema = z.object({
  id: z.string().min(1),
  /** Unix seconds. */
  created: z.int(),
  title: z.string(),
  family: z.enum(["var"]),
  /** SHA-256 of the checkpoint's bytes joined with the schedule table (contract: revision). */
  revision: z.string().regex(/^[0-9a-f]{64}$/),
  tokens: z.literal("codebook"),
  /** Codebook size: the width of a row of logits. */
  vocabulary: z.int().min(1).max(65536),
  condition: z.object({ kind: z.literal("class"), classes: z.array(z.string()).min(1) }),
  /** The first is what `size: "auto"` means. */
  schedules: z.array(schedule).min(1),
  guidance: z.object({
    /** `ramp`: t_k = scale k / (K - 1), l = (1 + t) cond - t uncond (VAR). */
    formula: z.literal("ramp"),
    max: z.number().positive(),
  }),
  formats: z.array(z.enum(["png", "webp", "jpeg"])).min(1),
  limits: z.object({
    pictures: z.int().min(1),
    /** Pictures an endpoint takes in one request; the edge splits beyond it. */
    batch: z.int().min(1),
  }),
  defaults: sourced.extend({
    guidance_scale: z.number().min(0),
    temperature: z.number().min(0),
    top_k: z.int().min(0),
    top_p: z.number().min(0).max(1),
    /** Scale 0: off unless asked for; a request that sets only `scale` gets the rest from here. */
    vpg,
  }),
});

export type Model = z.infer<typeof modelSchema>;
export type Schedule = z.infer<typeof schedule>;
