/** What the operator says and is told of an account's money: zod schemas, and the ledger's state as an answer. */
import { z } from "@hono/zod-openapi";
import type { AccountState } from "../metering/ledger/state.ts";
import { accountAnswer } from "./key-schemas.ts";

const microCredits = z.int().min(1);
const rate = z.int().min(1).max(1_000_000);

export const grant = z.strictObject({
  micro_credits: microCredits,
  key: z.string().min(1).max(255).describe("the same key grants once"),
  note: z.string().max(500).default(""),
});

export const adjustment = grant.extend({
  generation: z.string().max(100).describe("what is refunded, in sum never above its charge"),
});

export const accountChange = z.strictObject({
  requests_per_minute: rate.optional(),
  images_per_minute: rate.optional(),
  concurrency: rate.optional(),
  streams: rate.optional(),
  monthly_budget: z.int().min(0).nullable().optional(),
  alert_percents: z.array(z.int().min(1).max(1_000)).max(10).optional(),
  disabled: z.boolean().optional(),
});

export const postedAnswer = z.object({
  object: z.literal("ledger_entry"),
  seq: z.int(),
  created_at: z.int(),
});

export const ledger = z.object({
  disabled: z.boolean(),
  balance: z.object({ granted: z.int(), available: z.int(), held: z.int(), charged: z.int() }),
  limits: z.object({
    requests_per_minute: z.int(),
    images_per_minute: z.int(),
    concurrency: z.int(),
    streams: z.int(),
    monthly_budget: z.int().nullable(),
    alert_percents: z.array(z.int()),
  }),
  head: z.object({ seq: z.int(), hash: z.string() }).describe("the chain's last row"),
});

/** `ledger` is null until something was granted or set. */
export const accountOfOperator = accountAnswer.extend({ ledger: ledger.nullable() });

export function showLedger(state: AccountState): z.infer<typeof ledger> {
  const { disabled, balance, limits, head } = state;
  return {
    disabled,
    balance: { ...balance },
    limits: {
      requests_per_minute: limits.requestsPerMinute,
      images_per_minute: limits.picturesPerMinute,
      concurrency: limits.concurrency,
      streams: limits.streams,
      monthly_budget: limits.monthlyBudget,
      alert_percents: [...limits.alertPercents],
    },
    head: { ...head },
  };
}
