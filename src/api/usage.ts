/** GET /v1/usage, and OpenAI's /v1/organization/usage/images and /costs: what was delivered, and its price. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { allow } from "../accounts/caller.ts";
import { Buckets } from "../metering/usage/buckets.ts";
import { costField, costPage } from "../metering/usage/costs.ts";
import { dailyCsv, dailyUsage } from "../metering/usage/daily.ts";
import { imageField, imagePage, SOURCE } from "../metering/usage/images.ts";
import { type SettledPage, type SettledRow, settledRows } from "../metering/usage/row.ts";
import { cursorAfter, type Span } from "../metering/usage/span.ts";
import type { ApiEnv } from "./deps.ts";
import { keyWith } from "./spec.ts";
import { costSpans, costsQuery, dailyQuery, daySpans, imageSpans, imagesQuery } from "./usage-query.ts";

const counts = {
  requests: z.int(),
  pictures: z.int(),
  steps: z.int(),
  tokens: z.int(),
  micro_credits: z.int(),
};

const dailyAnswer = z
  .object({
    object: z.literal("usage"),
    start_time: z.int(),
    end_time: z.int(),
    total: z.object(counts),
    data: z.array(z.object({ date: z.iso.date(), model: z.string(), ...counts })).readonly(),
  })
  .openapi("DailyUsage");

const pageAnswer = <Name extends string, Result extends z.ZodType>(name: Name, result: Result) =>
  z
    .object({
      object: z.literal("page"),
      data: z
        .array(
          z.object({
            object: z.literal("bucket"),
            start_time: z.int(),
            end_time: z.int(),
            results: z.array(result).readonly(),
          }),
        )
        .readonly(),
      has_more: z.boolean(),
      next_page: z.string().nullable(),
    })
    .openapi(name);

const text = z.string().nullable();

const imagesAnswer = pageAnswer(
  "ImagesUsagePage",
  z.object({
    object: z.literal("organization.usage.images.result"),
    images: z.int(),
    num_model_requests: z.int(),
    project_id: text,
    user_id: text,
    api_key_id: text,
    model: text,
    size: text,
    source: text,
  }),
);

const costsAnswer = pageAnswer(
  "CostsPage",
  z.object({
    object: z.literal("organization.costs.result"),
    amount: z.object({ value: z.int(), currency: z.literal("micro_credits") }),
    line_item: text,
    project_id: text,
    user_id: text,
    api_key_id: text,
    api_source: z.null(),
    quantity: z.int().nullable(),
    quantity_unit: z.literal("images").nullable(),
  }),
);

const security = keyWith("usage");

const daily = createRoute({
  method: "get",
  path: "/v1/usage",
  operationId: "showUsage",
  summary: "Usage by day and model",
  description: "What was settled, over at most 366 days; as CSV where `format` or `accept` asks for it.",
  security,
  request: { query: dailyQuery },
  responses: {
    200: {
      description: "Totals, as JSON or as CSV.",
      content: { "application/json": { schema: dailyAnswer }, "text/csv": { schema: { type: "string" } } },
    },
  },
});

const images = createRoute({
  method: "get",
  path: "/v1/organization/usage/images",
  operationId: "pageImagesUsage",
  summary: "Usage in OpenAI's buckets",
  description:
    "As OpenAI's client asks for it; lists may be written `group_by` or `group_by[]`, again and again.",
  security,
  request: { query: imagesQuery },
  responses: {
    200: { description: "One page.", content: { "application/json": { schema: imagesAnswer } } },
  },
});

const costs = createRoute({
  method: "get",
  path: "/v1/organization/costs",
  operationId: "pageCosts",
  summary: "Costs in OpenAI's buckets, in micro-credits",
  description: "A day a bucket; summed over all of them it is what the ledger has charged.",
  security,
  request: { query: costsQuery },
  responses: {
    200: { description: "One page.", content: { "application/json": { schema: costsAnswer } } },
  },
});

/** @param settled the settlements of an account, from its ledger. */
export function usageRoutes(app: OpenAPIHono<ApiEnv>, settled: SettledPage): void {
  app.openapi(daily, async (c) => {
    const { account } = allow(c.get("caller"), "usage");
    const query = c.req.valid("query");
    const { whole, spans } = daySpans(query, Date.now());
    const buckets = new Buckets(spans, ["model"], (row) => row.model);
    await fill(buckets, settled, account, spans, query);
    const usage = dailyUsage(whole, buckets.list());
    c.header("vary", "accept", { append: true });
    if (!wantsCsv(c, query.format)) return c.json(usage, 200);
    c.header("content-disposition", 'attachment; filename="usage.csv"');
    return c.body(dailyCsv(usage), 200, { "content-type": "text/csv; charset=utf-8; header=present" });
  });

  app.openapi(images, async (c) => {
    const { account } = allow(c.get("caller"), "usage");
    const query = c.req.valid("query");
    const { spans, toMs } = imageSpans(query, Date.now());
    const buckets = new Buckets(spans, query.group_by ?? [], imageField);
    await fill(buckets, settled, account, spans, query);
    return c.json(imagePage(buckets.list(), cursorAfter(spans, toMs)), 200);
  });

  app.openapi(costs, async (c) => {
    const { account } = allow(c.get("caller"), "usage");
    const query = c.req.valid("query");
    const { spans, toMs } = costSpans(query, Date.now());
    const buckets = new Buckets(spans, query.group_by ?? [], costField);
    await fill(buckets, settled, account, spans, query);
    return c.json(costPage(buckets.list(), cursorAfter(spans, toMs)), 200);
  });
}

interface Filters {
  readonly project_ids?: readonly string[] | undefined;
  readonly api_key_ids?: readonly string[] | undefined;
  readonly models?: readonly string[] | undefined;
  readonly sizes?: readonly string[] | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly line_items?: readonly string[] | undefined;
}

/** Counts the settlements of these buckets that pass every filter. */
async function fill<Field extends string>(
  buckets: Buckets<Field>,
  settled: SettledPage,
  account: string,
  spans: readonly Span[],
  filters: Filters,
): Promise<void> {
  const [first, last] = [spans[0], spans.at(-1)];
  if (!first || !last) return;
  for await (const row of settledRows(settled, account, first.fromMs, last.toMs)) {
    if (passes(row, filters)) buckets.add(row);
  }
}

const passes = (row: SettledRow, filters: Filters): boolean =>
  has(filters.project_ids, row.project) &&
  has(filters.api_key_ids, row.apiKey) &&
  has(filters.models, row.model) &&
  has(filters.sizes, imageField(row, "size")) &&
  has(filters.sources, SOURCE) &&
  has(filters.line_items, costField(row, "line_item"));

/** No list: everything passes. */
const has = (list: readonly string[] | undefined, value: string) =>
  list === undefined || list.includes(value);

const TYPES = { json: "application/json", csv: "text/csv" };

/** What the query says goes before what the header prefers. */
function wantsCsv(c: Context<ApiEnv>, format: "json" | "csv" | undefined): boolean {
  const supports = Object.values(TYPES);
  return (
    (format ? TYPES[format] : accepts(c, { header: "Accept", supports, default: TYPES.json })) === TYPES.csv
  );
}
