import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { genesis, type Row, verifyChain } from "../../src/metering/ledger/chain.ts";
import { call, events, misbehave, sse } from "./client.ts";
import { as, asOperator, done, newAccount, newKey, refusal } from "./operator.ts";

const asked = { model: "var-sprites", prompt: "boat", n: 2, seed: 21, vpg: { scale: 1 } };

/** Requests that differ in all that a price may depend on, and in what it may not. */
const requests = fc.record({
  model: fc.constant("var-sprites"),
  prompt: fc.constantFrom("boat", "class:3"),
  n: fc.integer({ min: 1, max: 2 }),
  seed: fc.nat(),
  temperature: fc.constantFrom(0.5, 1),
  vpg: fc.oneof(
    fc.constant(false as const),
    fc.record({
      scale: fc.constantFrom(0, 1.5),
      schedule: fc.constantFrom("constant", "ramp"),
      corruption: fc.record({ ratio: fc.constantFrom(0, 0.3) }),
    }),
  ),
});

interface Someone {
  readonly account: string;
  readonly key: string;
}

async function someone(microCredits?: number): Promise<Someone> {
  const account = await newAccount(microCredits);
  return { account, key: (await newKey(account)).key };
}

const draw = ({ key }: Someone, body: object, headers: Record<string, string> = {}, query = "") =>
  call(`/v1/images/generations${query}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });

const quoted = async (who: Someone, body: object) =>
  (await done<{ micro_credits: number }>(draw(who, body, {}, "?dry_run=true"))).micro_credits;

interface Balance {
  readonly available: number;
  readonly held: number;
  readonly charged: number;
}

const balanceOf = async ({ account }: Someone) => {
  const { balance } = (await env.LEDGERS.getByName(account).account())!;
  return { available: balance.available, held: balance.held, charged: balance.charged };
};

/** Once nothing is held any more. */
async function settledBalance(who: Someone): Promise<Balance> {
  await expect.poll(async () => (await balanceOf(who)).held, { timeout: 20_000 }).toBe(0);
  const rows = (await env.LEDGERS.getByName(who.account).entries(0, 5_000)) as Row[];
  expect(verifyChain(rows, genesis(who.account)).findings).toEqual([]);
  return balanceOf(who);
}

beforeEach(() => misbehave());

describe("a price", () => {
  it("is quoted exactly, held, charged and on the receipt: one number, and a quote runs nothing", async () => {
    const who = await someone(1_000_000);
    const price = await quoted(who, asked);
    expect(await balanceOf(who)).toEqual({ available: 1_000_000, held: 0, charged: 0 });
    const answer = await done<{ vpg: { generation_id: string; price: { micro_credits: number } } }>(
      draw(who, asked),
    );
    expect(answer.vpg.price.micro_credits).toBe(price);
    expect(await settledBalance(who)).toEqual({ available: 1_000_000 - price, held: 0, charged: price });
    const { receipt } = await done<{ receipt: { charge: { charged: number; held: number } } }>(
      as(who.key, `/generations/${answer.vpg.generation_id}/receipt`),
    );
    expect(receipt.charge).toMatchObject({ held: price, charged: price });
  });

  it("is quoted and charged alike for any request", async () => {
    const who = await someone();
    let charged = 0;
    for (const body of fc.sample(requests, 5)) {
      charged += await quoted(who, body);
      const { vpg } = await done<{ vpg: { price: { micro_credits: number } } }>(draw(who, body));
      expect(vpg.price.micro_credits).toBe(await quoted(who, body));
    }
    expect(await settledBalance(who)).toMatchObject({ charged });
  });

  it("above `max_micro_credits` is refused, and nothing is held", async () => {
    const who = await someone(1_000_000);
    const price = await quoted(who, asked);
    expect(await refusal(draw(who, { ...asked, max_micro_credits: price - 1 }))).toEqual([
      402,
      "max_micro_credits_exceeded",
      "max_micro_credits",
    ]);
    expect(await balanceOf(who)).toEqual({ available: 1_000_000, held: 0, charged: 0 });
    expect((await draw(who, { ...asked, max_micro_credits: price })).status).toBe(200);
  });

  it("is more than there is: 402, and nothing is held", async () => {
    const poor = await someone(10);
    expect(await refusal(draw(poor, asked))).toEqual([402, "credit_balance_exhausted", null]);
    expect(await balanceOf(poor)).toEqual({ available: 10, held: 0, charged: 0 });
  });

  it("is not charged for what failed through us", async () => {
    const who = await someone(1_000_000);
    await misbehave({ suffix: "-1", times: 99, act: { kind: "refuse", status: 400 } });
    expect((await draw(who, asked)).status).toBe(503);
    expect(await settledBalance(who)).toEqual({ available: 1_000_000, held: 0, charged: 0 });
  });

  it("of a picture that the caller cancels is that of its committed steps", async () => {
    const who = await someone(1_000_000);
    await misbehave({ suffix: "-3", times: 1, act: { kind: "hold", ms: 20_000 } });
    const response = await draw(who, { ...asked, stream: true });
    const id = response.headers.get("x-generation-id")!;
    for await (const event of sse(response)) if (event.data.text === "step 2") break;
    const record = await done<{ status: string; steps: unknown[] }>(
      as(who.key, `/generations/${id}/cancel`, {}),
    );
    expect(record).toMatchObject({ status: "cancelled", steps: [{}, {}, {}] });
    const { breakdown } = await done<{ breakdown: { steps: { micro_credits: number }[] } }>(
      draw(who, asked, {}, "?dry_run=true"),
    );
    const three = breakdown.steps.slice(0, 3).reduce((sum, step) => sum + step.micro_credits, 0) * asked.n;
    expect(await settledBalance(who)).toEqual({ available: 1_000_000 - three, held: 0, charged: three });
  });
});

describe("the operator's view of a ledger", () => {
  it("shows its rows page by page, which verify and come to its head; to nobody without the secret", async () => {
    const who = await someone(1_000_000);
    const { vpg } = await done<{ vpg: { generation_id: string } }>(draw(who, { ...asked, n: 1 }));
    await settledBalance(who);
    const path = `/accounts/${who.account}`;
    const page = (query: string) =>
      done<{ data: { seq: number; kind: string; generation: string | null }[]; has_more: boolean }>(
        asOperator(`${path}/entries?${query}`),
      );
    const [first, rest] = [await page("limit=1"), await page("after=1")];
    expect([first.has_more, rest.has_more]).toEqual([true, false]);
    const of = vpg.generation_id;
    expect([...first.data, ...rest.data]).toMatchObject([
      { seq: 1, kind: "grant", generation: null },
      { seq: 2, kind: "reserve", generation: of },
      { seq: 3, kind: "settle", generation: of },
    ]);
    const { ledger } = await done<{ ledger: { head: object } }>(asOperator(path));
    expect(rest.data.at(-1)).toMatchObject(ledger.head);
    expect((await as(who.key, `/admin${path}/entries`)).status).toBe(404);
    expect((await asOperator("/accounts/acct_none/entries")).status).toBe(404);
  });
});

describe("an Idempotency-Key", () => {
  const once = { "idempotency-key": "order-1" };

  it("draws once: the same answer again, charged once; another body is refused", async () => {
    const who = await someone(1_000_000);
    const body = { ...asked, seed: undefined };
    const first = await done<{ created: number; data: unknown[] }>(draw(who, body, once));
    const price = await quoted(who, body);
    expect(await done(draw(who, body, once))).toEqual(first);
    expect(await refusal(draw(who, { ...body, n: 1 }, once))).toEqual([
      422,
      "idempotency_mismatch",
      "Idempotency-Key",
    ]);
    expect(await settledBalance(who)).toMatchObject({ charged: price });
  });

  it("joins what runs, and is another account's own", async () => {
    const [who, other] = [await someone(), await someone()];
    await misbehave({ suffix: "-2", times: 1, act: { kind: "hold", ms: 500 } });
    const both = await Promise.all(
      [1, 2].map(() => done<{ data: unknown[]; vpg: object }>(draw(who, asked, once))),
    );
    expect(both[0]!.vpg).toMatchObject({
      generation_id: (both[1]!.vpg as { generation_id: string }).generation_id,
    });
    expect(both[0]!.data).toEqual(both[1]!.data);
    const others = await done<{ vpg: { generation_id: string } }>(draw(other, asked, once));
    expect(others.vpg.generation_id).not.toBe((both[0]!.vpg as { generation_id: string }).generation_id);
  });

  it("is free again when the generation failed through us", async () => {
    const who = await someone();
    await misbehave({ suffix: "-1", times: 99, act: { kind: "refuse", status: 400 } });
    expect((await draw(who, asked, once)).status).toBe(503);
    await settledBalance(who);
    await misbehave();
    expect((await draw(who, asked, once)).status).toBe(200);
  });

  it("finds nothing any more once its pictures were deleted: 410", async () => {
    const who = await someone();
    const { vpg } = await done<{ vpg: { generation_id: string } }>(draw(who, asked, once));
    await done(as(who.key, `/generations/${vpg.generation_id}`, undefined, "DELETE"));
    expect(await refusal(draw(who, asked, once))).toEqual([410, "asset_expired", null]);
    expect((await as(who.key, `/generations/${vpg.generation_id}/receipt`)).status).toBe(200);
  });
});

describe("the client's own retry", () => {
  const again = { "x-stainless-retry-count": "1" };

  it("joins the generation that a hang-up has stopped, which goes on and is charged once", async () => {
    const who = await someone(1_000_000);
    await misbehave({ suffix: "-3", times: 1, act: { kind: "hold", ms: 20_000 } });
    const response = await draw(who, { ...asked, stream: true });
    const id = response.headers.get("x-generation-id")!;
    for await (const event of sse(response)) if (event.data.text === "step 2") break;
    const retried = await draw(who, { ...asked, stream: true }, again);
    expect(retried.headers.get("x-generation-id")).toBe(id);
    const pictures = (await events(retried)).filter(({ type }) => type === "image_generation.completed");
    expect(pictures).toHaveLength(2);
    expect(await settledBalance(who)).toMatchObject({ charged: await quoted(who, asked) });
  });

  it("is not asked for where a request was stopped on purpose: its steps are charged", async () => {
    const who = await someone(1_000_000);
    await misbehave({ suffix: "-3", times: 1, act: { kind: "hold", ms: 20_000 } });
    const waiting = draw(who, asked);
    const running = async () => {
      const { data } = await done<{ data: { id: string }[] }>(as(who.key, "/generations"));
      const { steps } = await done<{ steps: unknown[] }>(as(who.key, `/generations/${data[0]!.id}`));
      return { id: data[0]!.id, committed: steps.length };
    };
    await expect.poll(async () => (await running()).committed, { timeout: 10_000 }).toBe(3);
    await done(as(who.key, `/generations/${(await running()).id}/cancel`, {}));
    const response = await waiting;
    expect([response.status, response.headers.get("x-should-retry")]).toEqual([500, "false"]);
    expect(await response.json()).toMatchObject({ error: { code: "generation_failed" } });
    expect((await settledBalance(who)).charged).toBeGreaterThan(0);
  });

  it("under another key of the account starts its own", async () => {
    const who = await someone();
    const first = await draw(who, asked);
    const second = await draw({ ...who, key: (await newKey(who.account)).key }, asked, again);
    expect(second.headers.get("x-generation-id")).not.toBe(first.headers.get("x-generation-id"));
  });
});

describe("limits", () => {
  it("say where they stand, and a 429 when to come again", async () => {
    const account = await newAccount();
    const { key } = await newKey(account, { limits: { requests_per_minute: 1 } });
    const first = await draw({ account, key }, { ...asked, n: 1 });
    expect(first.headers.get("x-ratelimit-limit-requests")).toBe("1");
    expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("0");
    const second = await draw({ account, key }, { ...asked, n: 1 });
    expect(second.status).toBe(429);
    expect(Number(second.headers.get("retry-after-ms"))).toBeGreaterThan(10_000);
    expect(await second.json()).toMatchObject({ error: { code: "rate_limit_exceeded" } });
  });
});

it("keeps another account's generation to itself: record, events, receipt, cancel, deletion are 404", async () => {
  const [who, other] = [await someone(), await someone()];
  const { vpg } = await done<{ vpg: { generation_id: string } }>(draw(who, asked));
  for (const [path, method] of [
    ["", "GET"],
    ["/events", "GET"],
    ["/receipt", "GET"],
    ["/cancel", "POST"],
    ["", "DELETE"],
  ] as const) {
    const body = method === "POST" ? {} : undefined;
    expect((await as(other.key, `/generations/${vpg.generation_id}${path}`, body, method)).status).toBe(404);
  }
  expect((await as(who.key, `/generations/${vpg.generation_id}`)).status).toBe(200);
});
