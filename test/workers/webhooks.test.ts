import { env } from "cloudflare:workers";
import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Pepper } from "../../src/accounts/pepper.ts";
import { cloudEventOf } from "../../src/metering/export/cloudevent.ts";
import { type Delivery, deliver } from "../../src/metering/export/deliveries.ts";
import type { LedgerEvent } from "../../src/metering/ledger/events.ts";
import { Webhooks } from "../../src/metering/webhooks/webhooks.ts";
import { as, done, newAccount, newKey, refusal } from "./operator.ts";

const HOST = "https://hooks.customer.dev";

interface Seen {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  readonly redirect: string | undefined;
}

/** What the customers' hosts were sent, and how they answer; by default they echo challenges and take the rest. */
const seen: Seen[] = [];
let answer: (body: { type: string; data: { challenge?: string } }) => Response | Promise<Response>;
const echo: typeof answer = ({ data }) => new Response(data.challenge ?? null);

/** Host by host: everything but customers' hosts is what it always was. */
const real = globalThis.fetch;
async function hosts(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  if (typeof input !== "string" || !input.startsWith(HOST)) return real(input, init);
  const body = String(init!.body);
  seen.push({ url: input, headers: new Headers(init!.headers), body, redirect: init!.redirect });
  return answer(JSON.parse(body));
}

beforeEach(() => {
  seen.length = 0;
  answer = echo;
  vi.spyOn(globalThis, "fetch").mockImplementation(hosts);
});
afterEach(() => vi.restoreAllMocks());

interface Issued {
  readonly id: string;
  readonly secret: string;
  readonly events: readonly string[];
}

async function someone() {
  const account = await newAccount();
  return { account, key: (await newKey(account)).key };
}
const add = (key: string, body: object = { url: `${HOST}/vpg` }) => as(key, "/webhooks", body);
const messages = () => seen.filter(({ body }) => !body.includes("webhook.challenge"));
const typesOf = (all: readonly Seen[]) => all.map(({ body }) => (JSON.parse(body) as { type: string }).type);

const settledOf = (account: string): LedgerEvent => ({
  ...{ kind: "settled", id: `${account}:3`, account, generation: "gen_1", atMs: Date.now(), apiKey: "key_1" },
  ...{ project: "proj_1", model: "var-sprites", reason: "completed", charge: 824 },
  usage: { pictures: 2, steps: 5, tokens: 206, size: "64x64" },
});

/** The delivery queue's handler on messages of our own, whose retries can be seen. */
async function send(bodies: readonly Delivery[], attempts = 1) {
  const retry = vi.fn();
  const batch = { messages: bodies.map((body) => ({ body, attempts, retry })) };
  const pepper = new Pepper("a pepper of the tests");
  const webhooks = new Webhooks({
    ...{ db: env.DB, hash: (text) => pepper.hash(text), fetch: hosts, ownHost: "localhost" },
    now: () => Date.now(),
  });
  const ports = { sinks: () => [], secret: () => undefined, webhooks, fetch: hosts };
  await deliver(batch as unknown as MessageBatch<Delivery>, ports);
  return retry.mock.calls.map(([options]) => (options as { delaySeconds: number }).delaySeconds);
}

describe("a webhook", () => {
  it("is switched on by a challenge that its host echoes; its secret is shown once", async () => {
    const { key } = await someone();
    const issued = await done<Issued>(add(key));
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ url: `${HOST}/vpg`, redirect: "manual" });
    expect(issued.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const { data } = await done<{ data: object[] }>(as(key, "/webhooks"));
    expect(data).toEqual([{ ...issued, secret: undefined }]);
  });

  it.each<[string, typeof answer]>([
    ["something else", () => new Response("hello")],
    ["the whole request", (body) => Response.json(body)],
    ["another status", ({ data }) => new Response(data.challenge!, { status: 201 })],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: `${HOST}/echo` } })],
    ["a failure", () => Promise.reject(new Error("no such host: 10.0.0.1"))],
  ])("is refused when its host answers with %s, which is not shown", async (_what, said) => {
    const { key } = await someone();
    answer = said;
    const response = await add(key);
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: object };
    expect(error).toEqual({
      ...{ type: "invalid_request_error", code: "invalid_value", param: "url" },
      message: "url: the host must answer our challenge with 200 and the challenge as its text.",
    });
    expect(seen).toHaveLength(1);
    expect(await done(as(key, "/webhooks"))).toEqual({ object: "list", data: [] });
  });

  it("is refused, and no host is called, where its address is not a public one", async () => {
    const { key } = await someone();
    for (const url of ["http://hooks.customer.dev", "https://127.1", "https://localhost", `${HOST}:8443`]) {
      expect(await refusal(add(key, { url }))).toEqual([400, "invalid_value", "url"]);
    }
    expect(await refusal(add(key, { url: `${HOST}/`, events: ["all"] }))).toEqual([
      ...[400, "invalid_value", "events.0"],
    ]);
    expect(seen).toHaveLength(0);
  });

  it("is its account's own, takes the scope admin, and can be removed", async () => {
    const [one, other] = [await someone(), await someone()];
    const { id } = await done<Issued>(add(one.key));
    expect(await refusal(as(other.key, `/webhooks/${id}`, undefined, "DELETE"))).toEqual([
      404,
      "not_found",
      "id",
    ]);
    const reader = await newKey(one.account, { scopes: ["read", "usage", "generate"] });
    for (const answered of [as(reader.key, "/webhooks"), add(reader.key)]) {
      expect(await refusal(answered)).toEqual([403, "scope_missing", "admin"]);
    }
    expect(await done(as(one.key, `/webhooks/${id}`, undefined, "DELETE"))).toMatchObject({ deleted: true });
    expect(await done(as(one.key, "/webhooks"))).toMatchObject({ data: [] });
  });

  it("can be had ten times by an account, and tried fifty times a day", async () => {
    const { key } = await someone();
    for (let i = 0; i < 10; i++) await done(add(key, { url: `${HOST}/${i}` }));
    for (let i = 10; i < 50; i++) expect((await add(key)).status).toBe(400);
    expect(seen).toHaveLength(50);
    const late = await add(key);
    expect([late.status, Number(late.headers.get("retry-after")) > 0]).toEqual([429, true]);
    expect(seen).toHaveLength(50);
  });
});

describe("a delivery", () => {
  it("goes from the ledger through both queues to the host, and the official client knows its signature", async () => {
    const { account, key } = await someone();
    const { secret } = await done<Issued>(add(key));
    const ledger = env.LEDGERS.getByName(account);
    await ledger.configure({ account, limits: { monthlyBudget: 1_500, alertPercents: [50] } });
    for (const [generation, reason] of [
      ["gen_1", "completed"],
      ["gen_2", "failed"],
    ] as const) {
      const about = { apiKey: "key_1", project: "proj_1", model: "var-sprites", pictures: 2, amount: 900 };
      const request = { bodySha256: generation, plan: "", idempotencyKey: null, retryCount: 0 };
      await ledger.reserve({ account, generation, ...about, ...request });
      if (reason === "failed")
        await ledger.adjust({ account, key: "k", generation: "gen_1", amount: 24, note: "" });
      const usage = { pictures: 2, steps: 5, tokens: 206, size: "64x64" };
      await ledger.end({ account, generation, reason, charge: 500, usage });
    }
    await expect.poll(() => messages().length, { timeout: 55_000 }).toBe(4);
    expect(typesOf(messages()).sort()).toEqual([
      ...["budget.threshold_reached", "charge.refunded", "generation.released", "generation.settled"],
    ]);
    const client = new OpenAI({ apiKey: "none", webhookSecret: secret });
    for (const { body, headers } of messages()) {
      await client.webhooks.verifySignature(body, headers);
      await expect(client.webhooks.verifySignature(`${body} `, headers)).rejects.toThrow();
    }
    const settled = messages().find(({ body }) => body.includes("generation.settled"))!;
    expect(JSON.parse(settled.body)).toMatchObject({
      data: { account, generation: "gen_1", reason: "completed", micro_credits: 500, pictures: 2 },
    });
  });

  it("that its host does not take comes again by the real queue, after a while and under the same id", async () => {
    const { account, key } = await someone();
    const { id } = await done<Issued>(add(key));
    seen.length = 0;
    const times: number[] = [];
    answer = () => new Response(null, { status: times.push(Date.now()) === 1 ? 503 : 200 });
    await env.DELIVERIES.send({ to: "webhook", webhook: id, event: settledOf(account) });
    await expect.poll(() => times.length, { timeout: 30_000 }).toBe(2);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(5_000);
    const ids = seen.map(({ headers }) => headers.get("webhook-id"));
    expect(ids[1]).toBe(ids[0]);
    const sent = seen.map(({ headers }) => Number(headers.get("webhook-timestamp")));
    expect(sent[1]! - sent[0]!).toBeGreaterThanOrEqual(4);
  });

  it("that comes twice has the same id, which is another webhook's and another event's own", async () => {
    const { account, key } = await someone();
    const [a, b] = [await done<Issued>(add(key)), await done<Issued>(add(key, { url: `${HOST}/other` }))];
    const event = settledOf(account);
    const other = { ...event, id: `${account}:4` };
    seen.length = 0;
    const to = (webhook: string, event: LedgerEvent): Delivery => ({ to: "webhook", webhook, event });
    expect(await send([to(a.id, event)])).toEqual([]);
    expect(await send([to(a.id, event), to(b.id, event), to(a.id, other)], 2)).toEqual([]);
    const ids = seen.map(({ headers }) => headers.get("webhook-id"));
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  it("is tried again, later each time, until its host takes it; a redirect is no taking", async () => {
    const { account, key } = await someone();
    const { id } = await done<Issued>(add(key));
    const delivery: Delivery = { to: "webhook", webhook: id, event: settledOf(account) };
    for (const said of [302, 404, 500]) {
      answer = () => new Response(null, { status: said, headers: { location: `${HOST}/other` } });
      const delays = (await Promise.all([1, 2, 9].map((attempts) => send([delivery], attempts)))).flat();
      for (const [i, least] of [5, 300, 43_200].entries()) {
        expect(delays[i]).toBeGreaterThanOrEqual(least);
        expect(delays[i]).toBeLessThanOrEqual(Math.min(least * 1.2, 43_200));
      }
    }
    answer = () => Promise.reject(new Error("no answer"));
    expect(await send([delivery])).toHaveLength(1);
    answer = echo;
    expect(await send([delivery])).toEqual([]);
  });

  it("ends when the webhook is removed, or its host says that it is gone", async () => {
    const { account, key } = await someone();
    const { id } = await done<Issued>(add(key));
    const delivery: Delivery = { to: "webhook", webhook: id, event: settledOf(account) };
    answer = () => new Response(null, { status: 410 });
    expect(await send([delivery])).toEqual([]);
    expect(await done(as(key, "/webhooks"))).toMatchObject({ data: [] });
    seen.length = 0;
    expect(await send([delivery])).toEqual([]);
    expect(seen).toHaveLength(0);
  });
});

describe("a sink", () => {
  it("is sent usage where the operator has configured it, until it takes it", async () => {
    const stripe = { kind: "stripe", event_name: "credits", secret: "STRIPE_KEY", customers: {} } as const;
    const sinks = () => [{ ...stripe, customers: { acct_a: "cus_1" } }];
    const retry = vi.fn();
    const statuses = [503, 200];
    const fetch = vi.fn(async () => new Response(null, { status: statuses.shift()! }));
    const webhooks = { recipients: vi.fn(async () => []), deliver: vi.fn() };
    const event = cloudEventOf(settledOf("acct_a") as Parameters<typeof cloudEventOf>[0], "https://edge.dev");
    const batch = { messages: [{ body: { to: "stripe", event }, attempts: 1, retry }] };
    const go = (key: string | undefined) =>
      deliver(batch as unknown as MessageBatch<Delivery>, { sinks, secret: () => key, webhooks, fetch });
    await go(undefined);
    expect([fetch.mock.calls.length, retry.mock.calls.length]).toEqual([0, 1]);
    await go("sk_test");
    await go("sk_test");
    expect([fetch.mock.calls.length, retry.mock.calls.length]).toEqual([2, 2]);
  });
});
