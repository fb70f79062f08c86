/** GET /v1/generations: the account's generations, the newest first, as its ledger knows them. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { allow } from "../accounts/caller.ts";
import type { EndReason } from "../metering/hold.ts";
import type { ListedHold } from "../metering/ledger/holds.ts";
import { Refusal } from "../refusal.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { wholeNumber } from "./query.ts";
import { errorAnswer } from "./schemas.ts";
import { seconds, secondsOrNull } from "./seconds.ts";
import { keyWith } from "./spec.ts";

const listed = z
  .object({
    id: z.string(),
    object: z.literal("generation"),
    status: z
      .enum(["running", "completed", "failed", "cancelled"])
      .describe("how it ended; that its outputs have expired its record tells"),
    created_at: z.int(),
    completed_at: z.int().nullable(),
    model: z.string(),
    n: z.int(),
    project: z.string(),
    api_key: z.string(),
    micro_credits: z.object({
      held: z.int().describe("the price that was held before it started"),
      charged: z.int().describe("at its end, less what was refunded since"),
      refunded: z.int(),
    }),
  })
  .openapi("ListedGeneration");

const list = createRoute({
  method: "get",
  path: "/v1/generations",
  operationId: "listGenerations",
  summary: "List the account's generations, the newest first",
  description: "What has run and what runs, with its price; those of every project and key of the account.",
  security: keyWith("read"),
  request: {
    query: z.strictObject({
      limit: wholeNumber({ min: 1, max: 100, byDefault: 20 }).describe("generations a page"),
      after: z.string().optional().describe("`last_id` of the page before"),
    }),
  },
  responses: {
    200: {
      description: "A page.",
      content: {
        "application/json": {
          schema: z.object({
            object: z.literal("list"),
            data: z.array(listed),
            first_id: z.string().nullable(),
            last_id: z.string().nullable(),
            has_more: z.boolean(),
          }),
        },
      },
    },
    400: errorAnswer("A query parameter is malformed; `param` names it."),
  },
});

export function generationListRoute(app: OpenAPIHono<ApiEnv>, { ids, ledgers }: Deps): void {
  app.openapi(list, async (c) => {
    const { account } = allow(c.get("caller"), "read");
    const { limit, after } = c.req.valid("query");
    if (after !== undefined && (await ids.check(after)) === null) {
      throw new Refusal("invalid_value", "after: must be the id of a generation.", { param: "after" });
    }
    const holds = await ledgers(account).generations(after ?? null, limit + 1);
    const data = holds.slice(0, limit).map(entryOf);
    return c.json(
      {
        object: "list" as const,
        data,
        first_id: data[0]?.id ?? null,
        last_id: data.at(-1)?.id ?? null,
        has_more: holds.length > limit,
      },
      200,
    );
  });
}

function entryOf(hold: ListedHold): z.infer<typeof listed> {
  return {
    id: hold.generation,
    object: "generation",
    status: statusOf(hold.reason),
    created_at: seconds(hold.createdMs),
    completed_at: secondsOrNull(hold.endedMs),
    model: hold.model,
    n: hold.pictures,
    project: hold.project,
    api_key: hold.apiKey,
    micro_credits: { held: hold.amount, charged: hold.charge - hold.refunded, refunded: hold.refunded },
  };
}

/** What nobody came back for was finished all the same, and cost nothing. */
function statusOf(reason: EndReason | null) {
  if (reason === "cancelled" || reason === "failed") return reason;
  return reason === null ? "running" : "completed";
}
