import { describe, expect, it } from "vitest";
import type { RefundEvent, UsageEvent } from "../ledger/events.ts";
import { cloudEventOf } from "./cloudevent.ts";
import { readSinks, type Sink, sinkRequest } from "./sinks.ts";

const about = {
  ...{ id: "acct_a:7", account: "acct_a", generation: "gen_1", atMs: Date.UTC(2026, 10, 30, 22, 0, 1, 999) },
  ...{ apiKey: "key_1", project: "proj_1", model: "var-sprites" },
};
const usage = { pictures: 2, steps: 5, tokens: 206, size: "64x64" };
const settled: UsageEvent = { kind: "settled", ...about, reason: "completed", charge: 824, usage };
const refunded: RefundEvent = { kind: "refunded", ...about, id: "acct_a:9", charge: -24 };
const cloud = (event: UsageEvent | RefundEvent) => cloudEventOf(event, "https://edge.customer.dev");

const openmeter: Sink = { kind: "openmeter", url: "https://meter.customer.dev/", secret: "OPENMETER_KEY" };
const stripe: Sink = {
  ...{ kind: "stripe", event_name: "vpg_micro_credits", secret: "STRIPE_KEY" },
  customers: { acct_a: "cus_1" },
};

describe("OpenMeter", () => {
  it("is sent the CloudEvent as it is", () => {
    const request = sinkRequest(openmeter, cloud(settled), "om_key")!;
    expect(request).toMatchObject({
      url: "https://meter.customer.dev/api/v1/events",
      headers: { "content-type": "application/cloudevents+json", authorization: "Bearer om_key" },
    });
    expect(JSON.parse(request.body)).toEqual(cloud(settled));
  });
});

describe("Stripe", () => {
  const form = (event: UsageEvent | RefundEvent) =>
    Object.fromEntries(new URLSearchParams(sinkRequest(stripe, cloud(event), "sk_test")!.body));

  it("is sent a meter event of the account's customer, in whole micro-credits and seconds", () => {
    expect(sinkRequest(stripe, cloud(settled), "sk_test")).toMatchObject({
      url: "https://api.stripe.com/v1/billing/meter_events",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        authorization: "Bearer sk_test",
        "idempotency-key": "acct_a:7",
      },
    });
    expect(form(settled)).toEqual({
      event_name: "vpg_micro_credits",
      identifier: "acct_a:7",
      timestamp: `${Date.UTC(2026, 10, 30, 22, 0, 1) / 1000}`,
      "payload[stripe_customer_id]": "cus_1",
      "payload[value]": "824",
    });
  });

  it("is sent a refund as a negative quantity", () => {
    expect(form(refunded)).toMatchObject({ identifier: "acct_a:9", "payload[value]": "-24" });
  });

  it("is sent nothing of accounts that it does not know, nor what cost nothing", () => {
    expect(sinkRequest(stripe, cloud({ ...settled, account: "acct_b" }), "sk_test")).toBeNull();
    expect(sinkRequest(stripe, cloud({ ...settled, charge: 0 }), "sk_test")).toBeNull();
  });
});

describe("the operator's configuration", () => {
  it("is none where there is none, and what it says where there is", () => {
    expect([readSinks(undefined), readSinks("")]).toEqual([[], []]);
    expect(readSinks(JSON.stringify([openmeter, stripe]))).toEqual([openmeter, stripe]);
  });

  it.each([
    ["a secret in place of its name", [{ ...stripe, secret: "sk_live_123" }]],
    ["an address that is not https", [{ ...openmeter, url: "http://meter.customer.dev" }]],
    ["two of a kind", [stripe, stripe]],
    ["a kind that there is not", [{ kind: "paper" }]],
  ])("is refused with %s", (_what, sinks) => expect(() => readSinks(JSON.stringify(sinks))).toThrow());
});
