/** /v1/generations/{id}: the record, its events again from where one left them, its end, its deletion. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { allow } from "../accounts/caller.ts";
import type { GenerationRecord } from "../generation/record.ts";
import { Refusal } from "../refusal.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { linking } from "./link.ts";
import { picturesOf, settingsOf, tokensOf } from "./report.ts";
import { errorAnswer, eventStream, generationAnswer, generationId } from "./schemas.ts";
import { seconds, secondsOrNull } from "./seconds.ts";
import { keyWith, withHeaders } from "./spec.ts";
import { answerStream } from "./sse.ts";
import { leaving, takePlace } from "./streams.ts";

const params = z.object({ id: generationId });

const show = createRoute({
  method: "get",
  path: "/v1/generations/{id}",
  operationId: "showGeneration",
  summary: "Show a generation's record",
  description: "Its status, its settings, and each committed step with where it ran and what it took.",
  security: keyWith("read"),
  request: { params },
  responses: {
    200: { description: "The record.", content: { "application/json": { schema: generationAnswer } } },
    404: errorAnswer("No such generation."),
  },
});

const events = createRoute({
  method: "get",
  path: "/v1/generations/{id}/events",
  operationId: "followGeneration",
  summary: "Follow a generation, after `Last-Event-ID` where that is sent",
  description: "The events of its stream, from the start or from where one left it; of previews the newest.",
  security: keyWith("read"),
  request: {
    params,
    query: z.strictObject({
      response_format: z
        .enum(["b64_json", "url"])
        .optional()
        .describe("how finished pictures come; by default b64_json"),
      include_failover: z.enum(["true", "false"]).optional().describe("`true`: with `vpg.failover` events"),
    }),
    headers: z.object({
      "last-event-id": z.string().optional().openapi({
        description: "the id of the last event that was seen",
        pattern: "^[0-9]{1,9}$",
      }),
    }),
  },
  responses: {
    200: { description: "Its events.", content: eventStream, headers: withHeaders("x-generation-id") },
    400: errorAnswer("`Last-Event-ID` is no event's id, or a query parameter is not known."),
    404: errorAnswer("No such generation."),
    410: errorAnswer("Its outputs have expired."),
    429: errorAnswer("The key has as many streams open as it may."),
  },
});

const cancel = createRoute({
  method: "post",
  path: "/v1/generations/{id}/cancel",
  operationId: "cancelGeneration",
  summary: "Stop a generation; the steps it has made are charged",
  description: "Within a step, and for good. One that has ended stays as it is.",
  security: keyWith("generate"),
  request: { params },
  responses: {
    200: {
      description: "The record as it ended.",
      content: { "application/json": { schema: generationAnswer } },
    },
    404: errorAnswer("No such generation."),
  },
});

const forget = createRoute({
  method: "delete",
  path: "/v1/generations/{id}",
  operationId: "deleteGeneration",
  summary: "Delete a generation's prompt, tokens and outputs; its receipt stays",
  description: "What is left is its status and the receipt. Doing it again changes nothing.",
  security: keyWith("generate"),
  request: { params },
  responses: {
    200: {
      description: "Deleted.",
      content: {
        "application/json": {
          schema: z.object({
            id: z.string(),
            object: z.literal("generation.deleted"),
            deleted: z.literal(true),
          }),
        },
      },
    },
    404: errorAnswer("No such generation."),
    409: errorAnswer("It still runs: cancel it first."),
  },
});

export function generationRoutes(app: OpenAPIHono<ApiEnv>, deps: Deps): void {
  app.openapi(show, async (c) => {
    const { id } = c.req.valid("param");
    const { account } = allow(c.get("caller"), "read");
    await checkId(id, deps);
    const record = await deps.generations.describe(account, id);
    if (record === "unknown") throw notFound();
    return c.json(await answerOf(record, linking(c, deps, record)), 200);
  });

  app.openapi(events, async (c) => {
    const { id } = c.req.valid("param");
    const caller = allow(c.get("caller"), "read");
    await checkId(id, deps);
    const after = lastEventId(c.req.header("last-event-id"));
    const place = await takePlace(c, deps, caller);
    const followed = await deps.generations.follow(caller.account, id, after).catch(leaving(place));
    if (typeof followed === "string") {
      place.leave();
      if (followed === "expired")
        throw new Refusal("asset_expired", "This generation's outputs have expired.");
      throw notFound();
    }
    const { plan, createdMs } = followed.record;
    c.header("x-generation-id", id);
    const link = c.req.valid("query").response_format === "url" ? linking(c, deps, followed.record) : null;
    return answerStream(c, followed, {
      id,
      plan,
      createdMs,
      safetyIdentifier: null,
      warnings: [],
      link,
      place,
      failovers: c.req.valid("query").include_failover === "true",
    });
  });

  app.openapi(cancel, async (c) => {
    const { id } = c.req.valid("param");
    const { account } = allow(c.get("caller"), "generate");
    await checkId(id, deps);
    const record = await deps.generations.cancel(account, id);
    if (record === "unknown") throw notFound();
    return c.json(await answerOf(record, linking(c, deps, record)), 200);
  });

  app.openapi(forget, async (c) => {
    const { id } = c.req.valid("param");
    const { account } = allow(c.get("caller"), "generate");
    await checkId(id, deps);
    const done = await deps.generations.forget(account, id);
    if (done === "unknown") throw notFound();
    if (done === "running") throw new Refusal("still_running", "The generation runs; cancel it first.");
    await deps.ledgers(account).forgetPrompt(account, id);
    return c.json({ id, object: "generation.deleted" as const, deleted: true as const }, 200);
  });
}

/** An id that is none of ours touches no object. */
async function checkId(id: string, deps: Deps): Promise<void> {
  if ((await deps.ids.check(id)) === null) throw notFound();
}

const notFound = () => new Refusal("not_found", "There is no such generation.", { param: "id" });

function lastEventId(header: string | undefined): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  throw new Refusal("invalid_value", "Last-Event-ID: must be the id of an event of this stream.", {
    param: "Last-Event-ID",
  });
}

async function answerOf(record: GenerationRecord, link: (imageIndex: number) => Promise<string>) {
  const { id, status, failure, createdMs, finishedMs, plan, steps } = record;
  const outputs = status === "completed" ? record.outputs : [];
  return {
    id,
    object: "generation" as const,
    status,
    failure,
    created_at: seconds(createdMs),
    completed_at: secondsOrNull(finishedMs),
    model: plan.model,
    revision: plan.revision,
    output_format: plan.format,
    settings: status === "expired" ? null : settingsOf(plan),
    pictures: picturesOf(plan),
    outputs: await Promise.all(
      outputs.map(async (output) => ({ ...output, url: await link(output.image_index) })),
    ),
    tokens: tokensOf(plan),
    progress: { done: steps.length, steps: plan.steps.length },
    steps: steps.map(({ step, routes, stats, waitMs, bodyMs, mixMs, committedMs }) => ({
      step,
      committed_at_ms: committedMs,
      routes,
      stats: stats.map(({ deviceMs, cache, numerics }) => ({ device_ms: deviceMs, cache, numerics })),
      wait_ms: waitMs,
      body_ms: bodyMs,
      mix_ms: mixMs,
    })),
  };
}
