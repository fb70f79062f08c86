/** What is said of accounts, projects and keys: zod schemas, and values to answers and back. */
import { z } from "@hono/zod-openapi";
import type { IssuedKey } from "../accounts/keyring.ts";
import type { Account, ApiKey, Page, PageRequest, Project } from "../accounts/records.ts";
import { SCOPES } from "../accounts/scope.ts";
import { catalogue } from "../catalogue/index.ts";
import type { KeyLimits } from "../metering/hold.ts";
import { Refusal } from "../refusal.ts";
import { wholeNumber } from "./query.ts";
import { seconds, secondsOrNull } from "./seconds.ts";

const DAY_S = 86_400;
const LATEST_S = 253_402_300_799;

export const name = z.string().trim().min(1).max(100);
const rate = z.int().min(1).max(1_000_000).nullable();

const keyLimits = z
  .strictObject({
    requests_per_minute: rate.optional(),
    images_per_minute: rate.optional(),
    concurrency: rate.optional().describe("generations at a time"),
    streams: rate.optional().describe("event streams open at a time"),
    monthly_budget: z.int().min(0).nullable().optional().describe("micro-credits a calendar month, UTC"),
  })
  .openapi("KeyLimits");

const scopes = z
  .array(z.enum(SCOPES))
  .min(1)
  .max(SCOPES.length)
  .transform((all) => [...new Set(all)]);
const models = z
  .array(z.enum(catalogue.map(({ id }) => id)))
  .min(1)
  .max(100)
  .nullable();
const expires = z.int().min(1).max(LATEST_S).nullable().describe("seconds since 1970; null: never");

/** A fresh key: what is absent is the project's first, all models, no limits of its own, no expiry. */
export const newKey = z
  .strictObject({
    name,
    scopes: scopes.optional().describe("by default generate and read"),
    project: z.string().max(100).optional(),
    models: models.optional().describe("null: every model"),
    limits: keyLimits.nullable().optional(),
    expires_at: expires.optional(),
  })
  .openapi("NewApiKey");
export type NewKey = z.infer<typeof newKey>;

export const keyChange = z
  .strictObject({
    name: name.optional(),
    models: models.optional(),
    limits: keyLimits.nullable().optional().describe("what is absent stays; null: no limits of its own"),
    expires_at: expires.optional(),
  })
  .openapi("ApiKeyChange");
export type KeyChange = z.infer<typeof keyChange>;

export const rotation = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(30 * DAY_S)
      .optional()
      .describe("how long the old key lives on; by default a day"),
  })
  .openapi("Rotation");

export const overlapMs = ({ overlap_seconds }: z.infer<typeof rotation>): number =>
  (overlap_seconds ?? DAY_S) * 1000;

export const pageQuery = z.strictObject({
  limit: wholeNumber({ min: 1, max: 100, byDefault: 20 }).describe("rows a page"),
  after: z.string().max(100).optional().describe("the id of the last one seen"),
});

const shownLimits = z.object({
  requests_per_minute: rate,
  images_per_minute: rate,
  concurrency: rate,
  streams: rate,
  monthly_budget: z.int().nullable(),
});

export const keyAnswer = z
  .object({
    id: z.string(),
    object: z.literal("api_key"),
    name: z.string(),
    prefix: z.string(),
    project: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    models: z.array(z.string()).nullable(),
    limits: shownLimits.nullable(),
    created_at: z.int(),
    expires_at: z.int().nullable(),
    disabled_at: z.int().nullable(),
    replaced_by: z.string().nullable(),
  })
  .openapi("ApiKey");

export const issuedAnswer = keyAnswer
  .extend({ key: z.string().describe("shown this once; only its hash is kept") })
  .openapi("IssuedApiKey");

export const projectAnswer = z
  .object({ id: z.string(), object: z.literal("project"), name: z.string(), created_at: z.int() })
  .openapi("Project");

export const accountAnswer = projectAnswer.extend({ object: z.literal("account") });

/** A list in OpenAI's shape. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    object: z.literal("list"),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });

export const showProject = ({ id, name, createdMs }: Project) => ({
  id,
  object: "project" as const,
  name,
  created_at: seconds(createdMs),
});

export const showAccount = ({ id, name, createdMs }: Account) => ({
  id,
  object: "account" as const,
  name,
  created_at: seconds(createdMs),
});

export const showKey = (key: ApiKey) => ({
  id: key.id,
  object: "api_key" as const,
  name: key.name,
  prefix: key.prefix,
  project: key.project,
  scopes: [...key.scopes],
  models: key.models && [...key.models],
  limits: key.limits && {
    requests_per_minute: key.limits.requestsPerMinute,
    images_per_minute: key.limits.picturesPerMinute,
    concurrency: key.limits.concurrency,
    streams: key.limits.streams,
    monthly_budget: key.limits.monthlyBudget,
  },
  created_at: seconds(key.createdMs),
  expires_at: secondsOrNull(key.expiresMs),
  disabled_at: secondsOrNull(key.disabledMs),
  replaced_by: key.replacedBy,
});

export const showIssued = ({ key, text }: IssuedKey) => ({ ...showKey(key), key: text });

/** @throws Refusal where `after` is no row of the list. */
export function showPage<T extends { id: string }, Shown extends { id: string }>(
  page: Page<T> | null,
  show: (row: T) => Shown,
) {
  if (!page) throw new Refusal("invalid_value", "after: no such id in this list.", { param: "after" });
  const data = page.rows.map(show);
  return {
    object: "list" as const,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: page.hasMore,
  };
}

export const readPage = ({ limit, after }: z.infer<typeof pageQuery>): PageRequest => ({ limit, after });

/** Limits over those that hold already; null: none. */
export function readLimits(asked: NonNullable<NewKey["limits"]>, before: KeyLimits | null): KeyLimits {
  const { requests_per_minute, images_per_minute, concurrency, streams, monthly_budget } = asked;
  const or = (value: number | null | undefined, old: number | null | undefined) =>
    value === undefined ? (old ?? null) : value;
  return {
    requestsPerMinute: or(requests_per_minute, before?.requestsPerMinute),
    picturesPerMinute: or(images_per_minute, before?.picturesPerMinute),
    concurrency: or(concurrency, before?.concurrency),
    streams: or(streams, before?.streams),
    monthlyBudget: or(monthly_budget, before?.monthlyBudget),
  };
}

/** @throws Refusal for a time that has passed. */
export function readExpiry(expiresAt: number | null, nowMs: number): number | null {
  if (expiresAt === null || expiresAt * 1000 > nowMs) return expiresAt === null ? null : expiresAt * 1000;
  throw new Refusal("invalid_value", "expires_at: must lie in the future.", { param: "expires_at" });
}
