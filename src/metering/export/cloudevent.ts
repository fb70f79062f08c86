/** Usage as CloudEvents 1.0: one strict schema, for those who write the files and those who read them. */
import { z } from "zod";
import type { LedgerEvent, RefundEvent, UsageEvent } from "../ledger/events.ts";

const TYPES = { settled: "vpg.generation.settled", refunded: "vpg.charge.refunded" } as const;

const count = z.int().min(0);

/** CloudEvents 1.0, structured JSON: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
export const usageCloudEvent = z.strictObject({
  specversion: z.literal("1.0"),
  /** Unique within its source, and the same however often it is sent. */
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.enum([TYPES.settled, TYPES.refunded]),
  /** The account. */
  subject: z.string().min(1),
  time: z.iso.datetime({ precision: 3 }),
  datacontenttype: z.literal("application/json"),
  data: z.strictObject({
    generation: z.string(),
    project: z.string(),
    api_key: z.string(),
    model: z.string(),
    /** Below zero: given back. */
    micro_credits: z.int(),
    pictures: count,
    steps: count,
    tokens: count,
    /** Null: a refund, with which nothing was delivered. */
    size: z.string().nullable(),
    reason: z.string().nullable(),
  }),
});

export type UsageCloudEvent = z.infer<typeof usageCloudEvent>;

/** Whether an event is about money that an export must account for. */
export const isUsage = (event: LedgerEvent): event is UsageEvent | RefundEvent =>
  event.kind === "settled" || event.kind === "refunded";

/** @param source the same for ever: readers know an event by it and its id. */
export function cloudEventOf(event: UsageEvent | RefundEvent, source: string): UsageCloudEvent {
  const { id, account, generation, project, apiKey, model, atMs, charge } = event;
  const usage = event.kind === "settled" ? event.usage : null;
  return {
    specversion: "1.0",
    id,
    source,
    type: TYPES[event.kind],
    subject: account,
    time: new Date(atMs).toISOString(),
    datacontenttype: "application/json",
    data: {
      ...{ generation, project, api_key: apiKey, model, micro_credits: charge },
      pictures: usage?.pictures ?? 0,
      steps: usage?.steps ?? 0,
      tokens: usage?.tokens ?? 0,
      size: usage?.size ?? null,
      reason: event.kind === "settled" ? event.reason : null,
    },
  };
}
