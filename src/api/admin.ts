/** /v1/admin: the operator makes accounts, gives and gives back credit, sets limits. Hidden from the API's description. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type Account, makeId } from "../accounts/records.ts";
import type { PostAnswer } from "../metering/ledger/post.ts";
import type { AccountLimits } from "../metering/ledger/settings.ts";
import { Refusal } from "../refusal.ts";
import {
  accountChange,
  accountOfOperator,
  adjustment,
  grant,
  postedAnswer,
  showLedger,
} from "./admin-schemas.ts";
import { refuseNoBody } from "./body.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { entriesPage, entriesQuery, readEntries } from "./entries.ts";
import { accountAnswer, listOf, name, pageQuery, readPage, showAccount, showPage } from "./key-schemas.ts";
import { seconds } from "./seconds.ts";

const params = z.object({ id: z.string() });
const json = <Schema extends z.ZodType>(schema: Schema) => ({ "application/json": { schema } });
const body = <Schema extends z.ZodType>(schema: Schema) =>
  ({ required: true, content: json(schema) }) as const;
const answers = <Schema extends z.ZodType>(schema: Schema) => ({
  200: { description: "Done.", content: json(schema) },
});

const create = createRoute({
  method: "post",
  path: "/v1/admin/accounts",
  hide: true,
  request: { body: body(z.strictObject({ name })) },
  responses: answers(accountAnswer.extend({ default_project: z.string() })),
});

const list = createRoute({
  method: "get",
  path: "/v1/admin/accounts",
  hide: true,
  request: { query: pageQuery },
  responses: answers(listOf(accountAnswer)),
});

const show = createRoute({
  method: "get",
  path: "/v1/admin/accounts/{id}",
  hide: true,
  request: { params },
  responses: answers(accountOfOperator),
});

const entries = createRoute({
  method: "get",
  path: "/v1/admin/accounts/{id}/entries",
  hide: true,
  request: { params, query: entriesQuery },
  responses: answers(entriesPage),
});

const grants = createRoute({
  method: "post",
  path: "/v1/admin/accounts/{id}/grants",
  hide: true,
  request: { params, body: body(grant) },
  responses: answers(postedAnswer),
});

const adjustments = createRoute({
  method: "post",
  path: "/v1/admin/accounts/{id}/adjustments",
  hide: true,
  request: { params, body: body(adjustment) },
  responses: answers(postedAnswer),
});

const limits = createRoute({
  method: "patch",
  path: "/v1/admin/accounts/{id}/limits",
  hide: true,
  middleware: refuseNoBody,
  request: { params, body: body(accountChange) },
  responses: answers(accountOfOperator),
});

export function adminRoutes(app: OpenAPIHono<ApiEnv>, deps: Deps): void {
  const { directory } = deps.accounts;

  app.openapi(create, async (c) => {
    const createdMs = Date.now();
    const account = { id: makeId("acct"), name: c.req.valid("json").name, createdMs };
    const project = { id: makeId("proj"), account: account.id, name: "default", createdMs };
    await directory.addAccount(account, project);
    return c.json({ ...showAccount(account), default_project: project.id }, 200);
  });

  app.openapi(list, async (c) => {
    const page = await directory.accounts(readPage(c.req.valid("query")));
    return c.json(showPage(page, showAccount), 200);
  });

  app.openapi(show, async (c) => {
    const account = await knownAccount(deps, c.req.valid("param").id);
    return c.json(await describe(deps, account), 200);
  });

  app.openapi(entries, async (c) => {
    const { id } = await knownAccount(deps, c.req.valid("param").id);
    return c.json(
      await readEntries((...page) => deps.ledgers(id).entries(...page), c.req.valid("query")),
      200,
    );
  });

  app.openapi(grants, async (c) => {
    const { id: account } = await knownAccount(deps, c.req.valid("param").id);
    const { micro_credits: amount, key, note } = c.req.valid("json");
    return c.json(posted(await deps.ledgers(account).grant({ account, key, amount, note })), 200);
  });

  app.openapi(adjustments, async (c) => {
    const { id: account } = await knownAccount(deps, c.req.valid("param").id);
    const { generation, micro_credits: amount, key, note } = c.req.valid("json");
    const answer = await deps.ledgers(account).adjust({ account, generation, key, amount, note });
    return c.json(posted(answer), 200);
  });

  app.openapi(limits, async (c) => {
    const account = await knownAccount(deps, c.req.valid("param").id);
    const { disabled, ...asked } = c.req.valid("json");
    const answer = await deps.ledgers(account.id).configure({
      account: account.id,
      ...(disabled !== undefined && { disabled }),
      limits: limitsOf(asked),
    });
    if (answer.kind === "refused") throw new Refusal("invalid_value", `${answer.param}: out of range.`);
    return c.json(await describe(deps, account), 200);
  });
}

/** @throws Refusal 404 for an account that there is not. */
export async function knownAccount({ accounts }: Deps, id: string): Promise<Account> {
  const account = await accounts.directory.account(id);
  if (account) return account;
  throw new Refusal("not_found", "There is no such account.", { param: "id" });
}

async function describe({ ledgers }: Deps, account: Account) {
  const state = await ledgers(account.id).account();
  return { ...showAccount(account), ledger: state && showLedger(state) };
}

/** Only what was asked for: what is absent stays as it is. */
function limitsOf(asked: Omit<z.infer<typeof accountChange>, "disabled">): Partial<AccountLimits> {
  const { requests_per_minute, images_per_minute, concurrency, streams, monthly_budget, alert_percents } =
    asked;
  return {
    ...(requests_per_minute !== undefined && { requestsPerMinute: requests_per_minute }),
    ...(images_per_minute !== undefined && { picturesPerMinute: images_per_minute }),
    ...(concurrency !== undefined && { concurrency }),
    ...(streams !== undefined && { streams }),
    ...(monthly_budget !== undefined && { monthlyBudget: monthly_budget }),
    ...(alert_percents !== undefined && { alertPercents: alert_percents }),
  };
}

/** @throws Refusal that says why the ledger did not post it. */
function posted(answer: PostAnswer) {
  if (answer.kind === "posted") {
    return { object: "ledger_entry" as const, seq: answer.seq, created_at: seconds(answer.atMs) };
  }
  switch (answer.why) {
    case "key_reused":
      throw new Refusal("idempotency_mismatch", "key: it was used for something else.", { param: "key" });
    case "unknown_generation":
      throw new Refusal("not_found", "generation: the account has no such one.", { param: "generation" });
    case "not_ended":
      throw new Refusal("still_running", "generation: it has not ended yet.", { param: "generation" });
    default:
      throw new Refusal("invalid_value", `micro_credits: ${answer.why.replaceAll("_", " ")}.`, {
        param: "micro_credits",
      });
  }
}
