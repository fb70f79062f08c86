/** POST /v1/images/generations: parse, plan, start, answer: in order. */
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { catalogue, findModel, type Model } from "../catalogue/index.ts";
import type { Line } from "../generation/events.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import { Refusal } from "../refusal.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { failureOf } from "./failure.ts";
import { type Outcome, reportOf, usageOf } from "./report.ts";
import { errorAnswer, type ImageRequest, imageAnswer, imageRequest } from "./schemas.ts";
import { answerStream } from "./sse.ts";
import { timingHeader } from "./timing.ts";
import { warningsOf } from "./warnings.ts";

const route = createRoute({
  method: "post",
  path: "/v1/images/generations",
  summary: "Draw n pictures",
  request: { body: { required: true, content: { "application/json": { schema: imageRequest } } } },
  responses: {
    200: {
      description: "The pictures, or with `stream: true` their events.",
      content: {
        "application/json": { schema: imageAnswer },
        "text/event-stream": { schema: { type: "string" } },
      },
    },
    400: errorAnswer("The request cannot be served; `param` names the field."),
    404: errorAnswer("No such model."),
    503: errorAnswer("No endpoint could do it; nothing was charged."),
  },
});

export function imageRoutes(app: OpenAPIHono<ApiEnv>, deps: Deps): void {
  app.openapi(route, async (c) => {
    refuseIdempotencyKey(c);
    const request = c.req.valid("json");
    const plan = planOf(request, deps);
    const warnings = warningsOf(request, plan);
    const stream = request.stream ?? false;
    const createdMs = Date.now();
    const id = await deps.ids.make(createdMs, crypto.getRandomValues(new Uint8Array(16)));
    c.set("generation", id);
    const parseMs = performance.now() - c.get("began");
    const started = await deps.generations.start(id, createdMs, plan, stream ? "stop" : "finish");
    if (started !== "started") throw unstartable(id, started);
    const followed = await deps.generations.follow(id, 0);
    if (typeof followed === "string") throw unstartable(id, followed);
    const safetyIdentifier = request.safety_identifier ?? request.user ?? null;
    c.header("x-generation-id", id);
    if (stream) {
      c.header("server-timing", timingHeader({ parse: parseMs }));
      return answerStream(c, followed, { id, plan, createdMs, safetyIdentifier, warnings });
    }
    const { pictures, outcome } = await collect(followed.lines, plan.pictures.length);
    c.header("server-timing", timingHeader({ parse: parseMs, ...outcome.timing }));
    return c.json(
      {
        created: Math.floor(createdMs / 1000),
        background: "opaque" as const,
        output_format: plan.format,
        size: plan.size,
        data: pictures.map((b64_json) => ({ b64_json })),
        usage: usageOf(plan, pictures.length),
        safety_identifier: safetyIdentifier,
        vpg: reportOf(id, plan, outcome, warnings),
      },
      200,
    );
  });
}

function planOf(request: ImageRequest, deps: Deps): Plan {
  if (request.response_format === "url") {
    throw refused("response_format", "pictures come as b64_json; url is not available yet");
  }
  if (request.background === "transparent") throw refused("background", "pictures are opaque");
  if (request.partial_images && !request.stream) {
    throw refused("partial_images", "previews need `stream: true`");
  }
  return makePlan(
    {
      prompt: request.prompt,
      negativePrompt: request.negative_prompt ?? undefined,
      n: request.n ?? 1,
      size: request.size ?? "auto",
      format: request.output_format ?? "png",
      partialImages: request.partial_images ?? 0,
      seed: request.seed ?? deps.randomSeed(),
      guidanceScale: request.guidance_scale ?? undefined,
      temperature: request.temperature ?? undefined,
      topK: request.top_k ?? undefined,
      topP: request.top_p ?? undefined,
      vpg: request.vpg ?? undefined,
    },
    modelOf(request.model),
    deps.seedPictures,
  );
}

function modelOf(id: string | null | undefined): Model {
  const model = id == null ? catalogue[0] : findModel(id);
  if (model) return model;
  throw new Refusal("model_not_found", `model: there is no model ${JSON.stringify(id?.slice(0, 80))} here.`, {
    param: "model",
  });
}

const refused = (param: string, why: string) =>
  new Refusal("unsupported_value", `${param}: ${why}.`, { param });

/** Until there are accounts to scope it to, the header would promise what we cannot keep. */
function refuseIdempotencyKey(c: Context<ApiEnv>): void {
  if (c.req.header("idempotency-key") === undefined) return;
  throw new Refusal("unsupported_value", "Idempotency-Key: not available before there are accounts.", {
    param: "Idempotency-Key",
  });
}

function unstartable(id: string, why: string): Refusal {
  return new Refusal("internal_error", "The generation could not be started; nothing was charged.", {
    internal: `${id}: ${why}`,
  });
}

/** All n pictures in order, or the failure. */
async function collect(
  lines: AsyncIterable<Line>,
  n: number,
): Promise<{ pictures: string[]; outcome: Outcome }> {
  const pictures: string[] = [];
  let outcome: Outcome | null = null;
  for await (const line of lines) {
    if (!("event" in line)) continue;
    if (line.event.type === "failed") throw failureOf(line.event.reason);
    if (line.event.type !== "completed" || line.media === null) continue;
    pictures[line.event.imageIndex] = line.media;
    outcome = line.event;
  }
  if (outcome && pictures.filter(Boolean).length === n) return { pictures, outcome };
  throw new Refusal(
    "internal_error",
    "The generation ended without all of its pictures; nothing was charged.",
  );
}
