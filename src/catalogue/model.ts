/** What the catalogue says of a model: one JSON file a model, this is its schema, one shape a family. */
import { z } from "zod";

/**
 * The ways a family's prefix can be corrupted; without learned positions there is no position to move
 * (contract: "Corruption").
 */
export const corruptionKinds = {
  var: ["embedding", "position", "token", "codebook"],
  infinity: ["embedding", "codebook"],
  infinitystar: ["embedding", "codebook"],
} as const;

/** The map of a step, in tokens: frames, rows, columns. */
const map = { t: z.int().min(1), h: z.int().min(1), w: z.int().min(1) };

const codebookStep = z.object(map);

/** `bits` may differ from step to step; 64 is as many as two words of the corruption's generator hold. */
const bitwiseStep = z.object({ ...map, bits: z.int().min(1).max(64) });

const scheduleOf = <Step extends z.ZodType>(step: Step) =>
  z.object({
    /** The name both sides know it by (contract: input `schedule`). */
    name: z.string().min(1),
    /** Width x height in pixels. */
    size: z.string().regex(/^\d+x\d+$/),
    steps: z.array(step).min(1),
  });

/** Lasts (frames - 1) / fps seconds: the first frame stands at 0, and one frame is a picture. */
const videoSchedule = scheduleOf(bitwiseStep).extend({
  frames: z.int().min(1),
  fps: z.number().positive(),
});

const strengths = z.union([z.enum(["constant", "ramp"]), z.array(z.number()).min(1)]);

/** Defaults, and where they come from, so that a reader can check them. */
const defaultsOf = <Temperature extends z.ZodType, const Kind extends string>(
  temperature: Temperature,
  kinds: readonly [Kind, ...Kind[]],
) =>
  z.object({
    source: z.string().min(1),
    guidance_scale: z.number().min(0),
    temperature,
    top_k: z.int().min(0),
    top_p: z.number().min(0).max(1),
    /** Scale 0: off unless asked for; a request that sets only `scale` gets the rest from here. */
    vpg: z.object({
      scale: z.number().min(0),
      schedule: strengths,
      corruption: z.object({ ratio: z.number().min(0).max(1), kind: z.enum(kinds) }),
    }),
  });

const temperature = z.number().min(0);

const guidanceOf = <Formula extends string>(formula: Formula) =>
  z.object({ formula: z.literal(formula), max: z.number().positive() });

const textCondition = z.object({
  kind: z.literal("text"),
  /** Of the prompt and of the negative prompt each, in Unicode code points. */
  limits: z.object({ characters: z.int().min(1) }),
});

/** What every family has. */
const common = z.object({
  id: z.string().min(1),
  /** Unix seconds. */
  created: z.int(),
  title: z.string(),
  /** SHA-256 of the checkpoint's bytes joined with the schedule table (contract: revision). */
  revision: z.string().regex(/^[0-9a-f]{64}$/),
  /** Micro-credits a picture: each step, and each of its tokens in each branch; the version names this very table. */
  price: z.object({ version: z.string().min(1), step: z.int().min(0), token: z.int().min(0) }),
  limits: z.object({
    pictures: z.int().min(1),
    /** Pictures an endpoint takes in one request; the edge splits beyond it. */
    batch: z.int().min(1),
    /** Tokens a request may ask for, over all its pictures and steps. */
    tokens: z.int().min(1),
  }),
});

const pictureFormats = z.array(z.enum(["png", "webp", "jpeg"])).min(1);

/** Class to picture, codebook tokens. */
const varModel = common.extend({
  family: z.literal("var"),
  tokens: z.literal("codebook"),
  /** Codebook size: the width of a row of logits. */
  vocabulary: z.int().min(1).max(65536),
  condition: z.object({ kind: z.literal("class"), classes: z.array(z.string()).min(1) }),
  /** The first is what `size: "auto"` means; so in every family. */
  schedules: z.array(scheduleOf(codebookStep)).min(1),
  /** t_k = scale k / (K - 1), l = (1 + t) cond - t uncond. */
  guidance: guidanceOf("ramp"),
  /** Who divides by the temperature: here the edge, after guidance. */
  temperature_at: z.literal("edge"),
  formats: pictureFormats,
  defaults: defaultsOf(temperature, corruptionKinds.var),
});

/** What both families that read a text have. */
const textModel = common.extend({ tokens: z.literal("bitwise"), condition: textCondition });

/** Text to picture. */
const infinityModel = textModel.extend({
  family: z.literal("infinity"),
  schedules: z.array(scheduleOf(bitwiseStep)).min(1),
  /** scale cond + (1 - scale) uncond at every step, on hidden states or on logits; 1: none. */
  guidance: guidanceOf("linear"),
  temperature_at: z.literal("edge"),
  formats: pictureFormats,
  defaults: defaultsOf(temperature, corruptionKinds.infinity),
});

/** Text to video, every repetition of a scale a step of its own. */
const infinitystarModel = textModel.extend({
  family: z.literal("infinitystar"),
  schedules: z.array(videoSchedule).min(1),
  /** The conditional row and (scale - 1) times the part of the difference that is orthogonal to it, at every step; 1: none. */
  guidance: guidanceOf("normalised"),
  /** That guidance is not linear: the endpoint divides before it, and the rows come divided. */
  temperature_at: z.literal("endpoint"),
  /** Of these a video is a film, and a schedule of one frame is a picture. */
  formats: z.array(z.enum(["mp4", "png", "webp", "jpeg"])).min(1),
  /** Of the temperature two: for the steps of the first picture, and for those of the clips after it. */
  defaults: defaultsOf(
    z.object({ image: z.number().positive(), video: z.number().positive() }),
    corruptionKinds.infinitystar,
  ),
});

export const modelSchema = z.discriminatedUnion("family", [varModel, infinityModel, infinitystarModel]);

export type Model = z.infer<typeof modelSchema>;
export type Schedule = Model["schedules"][number];
export type CorruptionKind = Model["defaults"]["vpg"]["corruption"]["kind"];
