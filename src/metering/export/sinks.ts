/** Usage events in the words of billing services; each is on only where the operator has configured it. */
import { z } from "zod";
import type { UsageCloudEvent } from "./cloudevent.ts";
import type { OutboundRequest } from "./outbound.ts";

const secret = z.string().regex(/^[A-Z][A-Z0-9_]*$/, "must be the name of a secret, not the secret");

const openmeter = z.strictObject({
  kind: z.literal("openmeter"),
  /** Where OpenMeter is, without a path. */
  url: z.url({ protocol: /^https$/ }),
  secret,
});

const stripe = z.strictObject({
  kind: z.literal("stripe"),
  /** The meter's `event_name`; its aggregation must be a sum. */
  event_name: z.string().min(1).max(100),
  secret,
  /** Stripe's customer of each account that is billed there. */
  customers: z.record(z.string(), z.string().regex(/^cus_\w+$/)),
});

const sinks = z.array(z.discriminatedUnion("kind", [openmeter, stripe]));

export type Sink = z.infer<typeof sinks>[number];

/**
 * Reads the operator's configuration.
 * @param text JSON: a list of sinks, at most one of a kind; absent or empty: none.
 * @throws Error for anything else.
 */
export function readSinks(text: string | undefined): readonly Sink[] {
  const all = text ? sinks.parse(JSON.parse(text)) : [];
  if (new Set(all.map(({ kind }) => kind)).size < all.length) throw new Error("SINKS: two of one kind");
  return all;
}

/** The request that brings an event to a sink, or null where the sink has no use for it. */
export function sinkRequest(sink: Sink, event: UsageCloudEvent, key: string): OutboundRequest | null {
  return sink.kind === "openmeter" ? openMeterRequest(sink.url, event, key) : stripeRequest(sink, event, key);
}

/**
 * OpenMeter takes a CloudEvent as it is, and counts each `source` and `id` once.
 * https://openmeter.io/docs/metering/events/overview
 */
function openMeterRequest(url: string, event: UsageCloudEvent, key: string): OutboundRequest {
  return {
    url: `${url.replace(/\/+$/, "")}/api/v1/events`,
    headers: { "content-type": "application/cloudevents+json", authorization: `Bearer ${key}` },
    body: JSON.stringify(event),
  };
}

/**
 * Stripe takes a meter event as a form, and enforces that its identifier is unique for at least 24 hours; within
 * those a repeated `Idempotency-Key` is answered as at first. A refund is a negative quantity, as Stripe has it.
 * https://docs.stripe.com/api/billing/meter-event/create
 * https://docs.stripe.com/billing/subscriptions/usage-based/meters/configure
 */
function stripeRequest(
  { event_name, customers }: Extract<Sink, { kind: "stripe" }>,
  { id, subject, time, data }: UsageCloudEvent,
  key: string,
): OutboundRequest | null {
  const customer = customers[subject];
  if (customer === undefined || data.micro_credits === 0) return null;
  const form = new URLSearchParams({
    event_name,
    identifier: id,
    timestamp: `${Math.floor(Date.parse(time) / 1000)}`,
    "payload[stripe_customer_id]": customer,
    "payload[value]": `${data.micro_credits}`,
  });
  return {
    url: "https://api.stripe.com/v1/billing/meter_events",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      authorization: `Bearer ${key}`,
      "idempotency-key": id,
    },
    body: form.toString(),
  };
}
