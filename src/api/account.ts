/** GET /v1/account and its entries: what there is, what is held, what was charged, row by row. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { allow } from "../accounts/caller.ts";
import type { AccountState } from "../metering/ledger/state.ts";
import { Refusal } from "../refusal.ts";
import { ledger, showLedger } from "./admin-schemas.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { entriesPage, entriesQuery, readEntries } from "./entries.ts";
import { errorAnswer } from "./schemas.ts";
import { seconds } from "./seconds.ts";
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

const entries = createRoute({
  method: "get",
  path: "/v1/account/entries",
  operationId: "listLedgerEntries",
  summary: "List the ledger's rows, oldest first, each with the hash that chains it to the one before",
  description: "Every micro-credit that was granted, held, charged or given back.",
  security: keyWith("usage"),
  request: { query: entriesQuery },
  responses: { 200: { description: "Rows.", content: { "application/json": { schema: entriesPage } } } },
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
    return c.json(await readEntries((...page) => ledgers(id).entries(...page), c.req.valid("query")), 200);
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
  };
}
