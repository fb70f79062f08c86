/** What the usage routes may be asked: query strings as the official client writes them, parsed. */
import { z } from "@hono/zod-openapi";
import { COST_FIELDS } from "../metering/usage/costs.ts";
import { IMAGE_FIELDS } from "../metering/usage/images.ts";
import { cut, resume, type Span, type Width } from "../metering/usage/span.ts";
import { Refusal } from "../refusal.ts";

/** The end of the year 9999. */
const LAST_SECOND = 253_402_300_799;
/** What our own report spans at most. */
const MAX_DAYS = 366;
const DAY_MS = 86_400_000;

const LISTS = new Set(["group_by", "project_ids", "api_key_ids", "models", "sizes", "sources", "line_items"]);
const NUMBERS = new Set(["start_time", "end_time", "limit"]);

/** `group_by=model`, `group_by[]=model`, and either again and again; whole numbers become numbers. */
function readQuery(raw: Record<string, string | string[]>): unknown {
  const query: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    const plain = name.endsWith("[]") ? name.slice(0, -2) : name;
    if (LISTS.has(plain)) query[plain] = [query[plain] ?? [], value].flat(2);
    else query[name] = NUMBERS.has(name) && isWhole(value) ? Number(value) : value;
  }
  return query;
}

const isWhole = (value: string | string[]) => typeof value === "string" && /^\d{1,12}$/.test(value);

const time = z.int().min(0).max(LAST_SECOND);
const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(100).optional();
const name = z.string().min(1).max(200);

const filters = {
  project_ids: listOf(name).describe("of these projects only"),
  api_key_ids: listOf(name).describe("under these keys only"),
};
const models = listOf(name).describe("of these models only");
const times = {
  start_time: time.describe("Unix seconds, inclusive"),
  end_time: time.optional().describe("Unix seconds, exclusive; by default now"),
};
const paging = {
  limit: z.int().min(1).max(1440).optional().describe("buckets a page"),
  page: z.string().max(100).optional().describe("`next_page` of the page before"),
};

export const imagesQuery = z.transform(readQuery).pipe(
  z.strictObject({
    ...times,
    ...filters,
    ...paging,
    bucket_width: z.enum(["1m", "1h", "1d"]).optional().describe("by default a day"),
    group_by: listOf(z.enum(IMAGE_FIELDS)).describe("a result for each value of these"),
    models,
    sizes: listOf(z.string().regex(/^\d{1,5}x\d{1,5}$/)).describe("of these sizes only"),
    sources: listOf(z.enum(["image.generation", "image.edit", "image.variation"])).describe(
      "of these kinds only; so far all is `image.generation`",
    ),
  }),
);

export const costsQuery = z.transform(readQuery).pipe(
  z.strictObject({
    ...times,
    ...filters,
    ...paging,
    bucket_width: z.enum(["1d"]).optional().describe("a day"),
    group_by: listOf(z.enum(COST_FIELDS)).describe("a result for each value of these"),
    line_items: listOf(name).describe("of these lines only"),
  }),
);

export const dailyQuery = z.transform(readQuery).pipe(
  z.strictObject({
    start_time: time.optional().describe("Unix seconds, inclusive; by default this month's beginning, UTC"),
    end_time: times.end_time,
    ...filters,
    models,
    format: z.enum(["json", "csv"]).optional().describe("by default what `accept` prefers"),
  }),
);

/** Default and most buckets a page, as OpenAI documents them. */
const IMAGE_LIMITS: Record<Width, Limit> = { "1d": [7, 31], "1h": [24, 168], "1m": [60, 1440] };
const COST_LIMITS: Record<"1d", Limit> = { "1d": [7, 180] };
type Limit = readonly [byDefault: number, most: number];

export const imageSpans = (query: z.infer<typeof imagesQuery>, nowMs: number) =>
  spansOf(query, query.bucket_width ?? "1d", IMAGE_LIMITS[query.bucket_width ?? "1d"], nowMs);

export const costSpans = (query: z.infer<typeof costsQuery>, nowMs: number) =>
  spansOf(query, "1d", COST_LIMITS["1d"], nowMs);

/** The time of our own report, and its days. */
export function daySpans(query: z.infer<typeof dailyQuery>, nowMs: number): { whole: Span; spans: Span[] } {
  const now = new Date(nowMs);
  const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  const fromMs = query.start_time === undefined ? month : query.start_time * 1000;
  const whole = { fromMs, toMs: endOf(query.end_time, fromMs, nowMs) };
  if (whole.toMs - whole.fromMs > MAX_DAYS * DAY_MS) {
    throw refused("start_time", `one report spans at most ${MAX_DAYS} days`);
  }
  return { whole, spans: cut(whole, "1d", Number.POSITIVE_INFINITY) };
}

interface Asked {
  readonly start_time: number;
  readonly end_time?: number | undefined;
  readonly limit?: number | undefined;
  readonly page?: string | undefined;
}

/** The buckets of one page, and the end of all pages. */
function spansOf(asked: Asked, width: Width, [byDefault, most]: Limit, nowMs: number) {
  const limit = asked.limit ?? byDefault;
  if (limit > most) throw refused("limit", `at most ${most} buckets of ${width}`);
  const rest = restOf(asked, nowMs);
  return { spans: cut(rest, width, limit), toMs: rest.toMs };
}

function restOf({ start_time, end_time, page }: Asked, nowMs: number): Span {
  const fromMs = start_time * 1000;
  if (page === undefined) return { fromMs, toMs: endOf(end_time, fromMs, nowMs) };
  const rest = resume(page, fromMs, end_time === undefined ? null : end_time * 1000);
  if (rest) return rest;
  throw refused("page", "must be the `next_page` of the same question");
}

/** "Until now" takes in the running second; a start in the future leaves nothing to report. */
function endOf(asked: number | undefined, fromMs: number, nowMs: number): number {
  if (asked === undefined) return Math.max(fromMs, (Math.floor(nowMs / 1000) + 1) * 1000);
  if (asked * 1000 > fromMs) return asked * 1000;
  throw refused("end_time", "must be after start_time");
}

const refused = (param: string, why: string) => new Refusal("invalid_value", `${param}: ${why}.`, { param });
