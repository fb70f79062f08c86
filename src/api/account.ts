/** GET /v1/account and its entries: what there is, what is held, what was charged, row by row. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { allow } from "../accounts/caller.ts";
import type { AccountState } from "../metering/ledger/state.ts";
import { Refusal } from "../refusal.ts";
import { ledger, showLedger } from "./admin-schemas.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { wholeNumber } from "./query.ts";
import { errorAnswer } from "./schemas.ts";
import { keyWith } from "./spec.ts";

const account = ledger
  .extend({
    id: z.string(),
    object: z.literal("account"),
    month: z.object({
      name: z.string().describe("year and month, UTC"),
      charged: z.int(),
      held: z.int(),
      budget: z.int().nullable(),
      resets_at: z.int(),
    }),
    alerts: z.array(z.object({ month: z.string(), percent: z.int(), created_at: z.int() })),
    holds: z.array(
      z.object({ generation: z.string(), api_key: z.string(), micro_credits: z.int(), created_at: z.int() }),
    ),
    head: z.object({ seq: z.int(), hash: z.string() }).describe("the chain's last row"),
  })
  .openapi("Account");

const show = createRoute({
  method: "get",
  path: "/v1/account",
  operationId: "showAccount",
  summary: "Show the account's balance, limits and budget",
  description: "And what is held just now, for which generation, under which key.",
  security: keyWith("usage"),
  responses: {
    200: { description: "The account.", content: { "application/json": { schema: account } } },
    404: errorAnswer("Nothing was ever granted to the account."),
  },
});

const row = z
  .object({
    seq: z.int(),
    key: z.string().describe("what makes it happen once"),
    kind: z.enum(["grant", "reserve", "settle", "release", "adjust"]),
    generation: z.string().nullable(),
    at_ms: z.int(),
    legs: z.object({ granted: z.int(), available: z.int(), held: z.int(), charged: z.int() }),
    note: z.string().describe("JSON"),
    previous: z.string(),
    hash: z.string(),
  })
  .openapi("LedgerEntry");

const entries = createRoute({
  method: "get",
  path: "/v1/account/entries",
  operationId: "listLedgerEntries",
  summary: "List the ledger's rows, oldest first, each with the hash that chains it to the one before",
  description: "Every micro-credit that was granted, held, charged or given back.",
  security: keyWith("usage"),
  request: {
    query: z.strictObject({
      after: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER, byDefault: 0 }).describe(
        "`seq` of the last row that was read",
      ),
      limit: wholeNumber({ min: 1, max: 1000, byDefault: 100 }).describe("rows a page"),
    }),
  },
  responses: {
    200: {
      description: "Rows.",
      content: {
        "application/json": {
          schema: z.object({ object: z.literal("list"), data: z.array(row), has_more: z.boolean() }),
        },
      },
    },
  },
});

export function accountRoutes(app: OpenAPIHono<ApiEnv>, { ledgers }: Deps): void {
  app.openapi(show, async (c) => {
    const { account: id } = allow(c.get("caller"), "usage");
    const state = await ledgers(id).account();
    if (!state) throw new Refusal("not_found", "This account has no ledger yet: nothing was granted to it.");
    return c.json(answerOf(state), 200);
  });

  app.openapi(entries, async (c) => {
    const { account: id } = allow(c.get("caller"), "usage");
    const { after, limit } = c.req.valid("query");
    const rows = await ledgers(id).entries(after, limit + 1);
    const data = rows.slice(0, limit).map(({ atMs, legs, ...rest }) => ({
      ...rest,
      at_ms: atMs,
      legs: { ...legs },
    }));
    return c.json({ object: "list" as const, data, has_more: rows.length > limit }, 200);
  });
}

function answerOf(state: AccountState): z.infer<typeof account> {
  const { name, charged, held, budget, resetsMs } = state.month;
  return {
    id: state.account,
    object: "account",
    ...showLedger(state),
    month: { name, charged, held, budget, resets_at: seconds(resetsMs) },
    alerts: state.alerts.map(({ month, percent, atMs }) => ({ month, percent, created_at: seconds(atMs) })),
    holds: state.liveHolds.map(({ generation, apiKey, amount, createdMs }) => ({
      generation,
      api_key: apiKey,
      micro_credits: amount,
      created_at: seconds(createdMs),
    })),
    head: { ...state.head },
  };
}

const seconds = (ms: number) => Math.floor(ms / 1000);
