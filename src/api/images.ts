/** POST /v1/images/generations: parse, identify, plan, hold, start, answer: in order. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { allow, type Caller } from "../accounts/caller.ts";
import type { Model } from "../catalogue/index.ts";
import type { Line } from "../generation/events.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import { totalOf } from "../plan/price.ts";
import { Refusal } from "../refusal.ts";
import type { Fleet } from "../routing/fleet.ts";
import { begin } from "./begin.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { failureOf } from "./failure.ts";
import { attemptOf, mayJoin } from "./hold.ts";
import { linking } from "./link.ts";
import { type Outcome, quoteOf, reportOf, usageOf } from "./report.ts";
import { unservedBy } from "./routing.ts";
import {
  errorAnswer,
  eventStream,
  type ImageRequest,
  imageAnswer,
  imageRequest,
  priceQuote,
} from "./schemas.ts";
import { seconds } from "./seconds.ts";
import { servedModels } from "./served.ts";
import { keyWith, limitHeaders, withHeaders } from "./spec.ts";
import { answerStream } from "./sse.ts";
import { leaving, placeOf } from "./streams.ts";
import { timingHeader } from "./timing.ts";
import { warningsOf } from "./warnings.ts";

const route = createRoute({
  method: "post",
  path: "/v1/images/generations",
  operationId: "drawImages",
  summary: "Draw n pictures",
  description:
    "Holds the exact price, draws, and charges what was delivered. What fails through us is free. The same request with the same seed gives the same pictures.",
  security: keyWith("generate"),
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: imageRequest,
          example: { model: "var-sprites", prompt: "mushroom", n: 1, seed: 7, vpg: { scale: 1.5 } },
        },
      },
    },
    query: z.strictObject({
      dry_run: z.enum(["true", "false"]).optional().describe("`true`: the exact price, and nothing is run"),
    }),
    headers: z.object({
      "idempotency-key": z.string().optional().openapi({
        description: "same key, same body: the same generation, for 24 hours; it finishes though you hang up",
        pattern: "^[!-~]{1,255}$",
      }),
    }),
  },
  responses: {
    200: {
      description: "The pictures, with `stream: true` their events, with `dry_run=true` their price.",
      content: {
        "application/json": { schema: z.union([imageAnswer, priceQuote]) },
        ...eventStream,
      },
      headers: withHeaders("x-generation-id", ...limitHeaders),
      links: Object.fromEntries(
        ["showGeneration", "followGeneration", "showReceipt", "cancelGeneration", "deleteGeneration"].map(
          (operationId) => [
            operationId,
            { operationId, parameters: { id: "$response.header.x-generation-id" } },
          ],
        ),
      ),
    },
    402: errorAnswer("It costs more than there is, or than `max_micro_credits`; nothing was charged."),
    403: errorAnswer("The key lacks the scope `generate`, or the account has been disabled."),
    404: errorAnswer("No such model."),
    410: errorAnswer("The generation of this `Idempotency-Key` has expired."),
    422: errorAnswer("`Idempotency-Key` was used with another body."),
  },
});

export function imageRoutes(app: OpenAPIHono<ApiEnv>, deps: Deps): void {
  app.openapi(route, async (c) => {
    const request = c.req.valid("json");
    const caller = allow(c.get("caller"), "generate");
    const attempt = await attemptOf(c, request);
    const planned = planOf(request, caller, deps);
    const isDryRun = c.req.valid("query").dry_run === "true";
    const unserved = unservedBy(deps.fleet, planned);
    if (unserved && (isDryRun || !mayJoin(attempt))) throw unserved;
    if (isDryRun) return c.json(quoteOf(planned), 200);
    refuseAbove(request.max_micro_credits, planned);
    const parsedMs = performance.now();
    const stream = request.stream ? crypto.randomUUID() : null;
    const begun = begin(c, deps, caller, planned, attempt, stream);
    const place = stream === null ? null : placeOf(c, deps, caller, stream, begun);
    const { followed, plan, id } = await begun.catch(leaving(place));
    const auth = c.get("authMs");
    const timing = { parse: parsedMs - c.get("began") - auth, auth, reserve: performance.now() - parsedMs };
    const { createdMs } = followed.record;
    const warnings = warningsOf(request, plan);
    const safetyIdentifier = request.safety_identifier ?? request.user ?? null;
    const link = request.response_format === "url" ? linking(c, deps, followed.record) : null;
    if (place) {
      const failovers = request.stream_options?.include_failover === true;
      c.header("server-timing", timingHeader(timing));
      return answerStream(c, followed, {
        id,
        plan,
        createdMs,
        safetyIdentifier,
        warnings,
        link,
        place,
        failovers,
      });
    }
    const { pictures, outcome } = await collect(followed.lines, plan.pictures.length);
    c.header("server-timing", timingHeader({ ...timing, ...outcome.timing }));
    return c.json(
      {
        created: seconds(createdMs),
        background: "opaque" as const,
        output_format: plan.format,
        size: plan.size,
        data: link
          ? await Promise.all(pictures.map(async (_, imageIndex) => ({ url: await link(imageIndex) })))
          : pictures.map((b64_json) => ({ b64_json })),
        usage: usageOf(plan, pictures.length),
        safety_identifier: safetyIdentifier,
        vpg: reportOf(id, plan, outcome, warnings),
      },
      200,
    );
  });
}

function planOf(request: ImageRequest, caller: Caller, deps: Deps): Plan {
  if (request.background === "transparent") throw refused("background", "pictures are opaque");
  if (request.partial_images && !request.stream) {
    throw refused("partial_images", "previews need `stream: true`");
  }
  if (request.stream_options && !request.stream) {
    throw refused("stream_options", "it needs `stream: true`");
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
      routing: { route: request.route, region: request.region, numerics: request.numerics },
    },
    modelOf(request.model, caller, deps.fleet),
    deps.seedPictures,
  );
}

/** A model that the key may not use is as good as none. */
function modelOf(id: string | null | undefined, { models }: Caller, fleet: Fleet): Model {
  const model = servedModels(fleet).find((served) => id == null || served.id === id);
  if (model && (models === null || models.includes(model.id))) return model;
  throw new Refusal("model_not_found", `model: there is no model ${JSON.stringify(id?.slice(0, 80))} here.`, {
    param: "model",
  });
}

const refused = (param: string, why: string) =>
  new Refusal("unsupported_value", `${param}: ${why}.`, { param });

function refuseAbove(most: number | null | undefined, plan: Plan): void {
  const price = totalOf(plan);
  if (most == null || price <= most) return;
  throw new Refusal(
    "max_micro_credits_exceeded",
    `max_micro_credits: the request costs ${price} micro-credits, more than ${most}.`,
    { param: "max_micro_credits" },
  );
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
  throw new Error("the generation's lines ended before all of its pictures");
}
