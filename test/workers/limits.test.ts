import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { call, events, keyed, misbehave, sse } from "./client.ts";
import { as, asOperator, done, newAccount, newKey, refusal } from "./operator.ts";

const asked = { model: "var-sprites", prompt: "boat", n: 1, seed: 21, vpg: { scale: 1 } };
const streamed = { ...asked, stream: true };
const again = { "x-stainless-retry-count": "1" };

const draw = (key: string, body: object, headers: Record<string, string> = {}, query = "") =>
  call(`/v1/images/generations${query}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });
const follow = (key: string, id: string) => as(key, `/generations/${id}/events`);
const idOf = (response: Response) => response.headers.get("x-generation-id")!;
const priceOf = async (key: string, body: object) =>
  (await done<{ micro_credits: number }>(draw(key, body, {}, "?dry_run=true"))).micro_credits;

async function limited(limits: object, microCredits?: number) {
  const account = await newAccount(microCredits);
  const { id, key } = await newKey(account, { limits });
  return { account, apiKey: id, key };
}

/** A stream that stays open, step 3 being held back, and a way to hang up on it. */
async function openHeld(key: string) {
  await misbehave({ suffix: "-3", times: 1, act: { kind: "hold", ms: 20_000 } });
  const response = await draw(key, streamed);
  const reading = sse(response);
  for (let event = await reading.next(); event.value?.data.text !== "step 2"; event = await reading.next());
  return { id: idOf(response), reading, hangUp: () => reading.return(undefined) };
}

beforeEach(() => misbehave());
afterEach(() => {
  vi.useRealTimers();
});

describe("open event streams of a key", () => {
  it("are as many as it may have, readers of events among them; one that is left makes room", async () => {
    const { account, key } = await limited({ streams: 2 });
    const { id, hangUp } = await openHeld(key);
    const reader = sse(await follow(key, id));
    await reader.next();
    const refused = await draw(key, streamed);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({
      error: { type: "rate_limit_error", code: "too_many_streams", message: expect.stringContaining("2") },
    });
    expect(await refusal(follow(key, id))).toEqual([429, "too_many_streams", null]);
    expect((await draw(key, asked)).status).toBe(200);
    const other = await newKey(account);
    expect((await draw(other.key, streamed)).status).toBe(200);
    await reader.return(undefined);
    const room = async () => {
      const response = await follow(key, id);
      await response.body!.cancel();
      return response.status;
    };
    await expect.poll(room, { timeout: 10_000 }).toBe(200);
    await hangUp();
  });

  it("make room when they end, and when what they were to show is refused", async () => {
    const { account, key } = await limited({ streams: 1 }, 2_000);
    const price = await priceOf(key, asked);
    const ended = async () => {
      const response = await draw(key, streamed);
      if (response.status === 200) await events(response);
      return response.status;
    };
    expect(await ended()).toBe(200);
    await expect.poll(ended, { timeout: 10_000 }).toBe(200);
    const left = (await env.LEDGERS.getByName(account).account())!.balance.available;
    expect(left).toBeLessThan(2_000 - price);
    const dear = { ...streamed, n: 10 };
    const tooDear = () => draw(key, dear).then(({ status }) => status);
    await expect.poll(tooDear, { timeout: 10_000 }).toBe(402);
    await expect.poll(tooDear, { timeout: 10_000 }).toBe(402);
    const gone = `/generations/gen_${"0".repeat(56)}/events`;
    expect((await as(key, gone)).status).toBe(404);
    await expect.poll(ended, { timeout: 10_000 }).toBe(200);
  });

  it("are kept while they are read, and forgotten a minute after they have died", async () => {
    const { account, apiKey, key } = await limited({ streams: 1 });
    const { id, reading, hangUp } = await openHeld(key);
    const began = Date.now();
    vi.useFakeTimers({ toFake: ["Date"] });
    for (const seconds of [25, 50, 75]) {
      vi.setSystemTime(began + seconds * 1_000);
      for (let i = 0; i < 2; i++) await reading.next();
      expect(await refusal(follow(key, id))).toEqual([429, "too_many_streams", null]);
    }
    await hangUp();
    const ledger = env.LEDGERS.getByName(account);
    const died = async () => (await ledger.openStream(apiKey, "died")).kind;
    await expect.poll(died, { timeout: 10_000 }).toBe("open");
    expect(await refusal(follow(key, id))).toEqual([429, "too_many_streams", null]);
    vi.setSystemTime(Date.now() + 61_000);
    const response = await follow(key, id);
    expect(response.status).toBe(200);
    await response.body!.cancel();
  });

  it("do not let a refused request's retry take another's generation", async () => {
    const { key } = await limited({ streams: 1 });
    const { id, hangUp } = await openHeld(key);
    expect(await refusal(draw(key, streamed))).toEqual([429, "too_many_streams", null]);
    await hangUp();
    let retried: Response | null = null;
    const retry = async () => {
      retried = await draw(key, streamed, again);
      return retried.status;
    };
    await expect.poll(retry, { timeout: 10_000 }).toBe(200);
    expect(idOf(retried!)).not.toBe(id);
    await events(retried!);
  });
});

describe("a retry that finds no room for its stream", () => {
  it("is no refusal to start anew from: the next one takes over what runs", async () => {
    const { account, key } = await limited({ streams: 1 });
    const { id, hangUp } = await openHeld(key);
    expect(await refusal(draw(key, streamed, again))).toEqual([429, "too_many_streams", null]);
    await hangUp();
    let retried: Response | null = null;
    const retry = async () => {
      retried = await draw(key, streamed, { "x-stainless-retry-count": "2" });
      return retried.status;
    };
    await expect.poll(retry, { timeout: 10_000 }).toBe(200);
    expect(idOf(retried!)).toBe(id);
    await events(retried!);
    const listed = await env.LEDGERS.getByName(account).generations(null, 10);
    expect(listed.map(({ generation }) => generation)).toEqual([id]);
  });
});

describe("rates", () => {
  it("stand on every answer that went through them: requests and pictures, limit, remaining, reset", async () => {
    const { key } = await limited({ requests_per_minute: 10, images_per_minute: 5 });
    // Nothing flows in while the clock stands.
    vi.useFakeTimers({ toFake: ["Date"] });
    for (const [body, requests, images] of [
      [{ ...asked, n: 2 }, "9", "3"],
      [{ ...streamed, n: 1 }, "8", "2"],
    ] as const) {
      const response = await draw(key, body);
      const told = Object.fromEntries(response.headers);
      expect(told).toMatchObject({
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": requests,
        "x-ratelimit-reset-requests": expect.stringMatching(/^\d+ms$/),
        "x-ratelimit-limit-images": "5",
        "x-ratelimit-remaining-images": images,
        "x-ratelimit-reset-images": expect.stringMatching(/^\d+ms$/),
      });
      await response.text();
    }
    const refused = await draw(key, { ...asked, n: 3 });
    expect(await refused.clone().json()).toMatchObject({
      error: { code: "rate_limit_exceeded", message: expect.stringContaining("pictures") },
    });
    const waitMs = Number(refused.headers.get("retry-after-ms"));
    expect(waitMs).toBe(12_000);
    expect(Number(refused.headers.get("retry-after"))).toBe(Math.ceil(waitMs / 1000));
    expect(refused.headers.get("x-ratelimit-remaining-images")).toBe("2");
    expect(refused.headers.get("x-ratelimit-remaining-requests")).toBe("8");
  });

  it("are told apart from money: 429 says when to come again, 402 does not", async () => {
    const { key } = await limited({ concurrency: 1 }, 1_000);
    const { hangUp, id } = await openHeld(key);
    const busy = await draw(key, asked);
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await busy.json()).toMatchObject({
      error: { type: "rate_limit_error", code: "concurrency_limit" },
    });
    await hangUp();
    await done(as(key, `/generations/${id}/cancel`, {}));
    const poor = async () => {
      const response = await draw(key, { ...asked, n: 10 });
      const { error } = (await response.json()) as { error: { type: string; code: string } };
      return [response.status, error.type, error.code, response.headers.get("retry-after")];
    };
    await expect
      .poll(poor, { timeout: 10_000 })
      .toEqual([402, "insufficient_quota", "credit_balance_exhausted", null]);
  });
});

describe("a monthly budget", () => {
  it("alerts at its thresholds, once each, and stops hard with 402", async () => {
    const { account, key } = await limited({});
    const price = await priceOf(key, asked);
    await done(
      asOperator(
        `/accounts/${account}/limits`,
        { monthly_budget: 2 * price, alert_percents: [50, 100] },
        "PATCH",
      ),
    );
    const alerts = async () =>
      (await done<{ alerts: { percent: number }[] }>(as(key, "/account"))).alerts.map(
        ({ percent }) => percent,
      );
    expect(await alerts()).toEqual([]);
    await done(draw(key, asked));
    expect(await alerts()).toEqual([50]);
    await done(draw(key, asked));
    expect(await alerts()).toEqual([100, 50]);
    const over = await draw(key, asked);
    expect([over.status, over.headers.get("retry-after")]).toEqual([402, null]);
    expect(await over.json()).toMatchObject({ error: { code: "budget_exceeded" } });
    expect(await alerts()).toEqual([100, 50]);
  });
});

describe("what is too long", () => {
  it("headers, with 431, before anybody is asked who calls", async () => {
    const long = { "x-long": "x".repeat(16 * 1024) };
    expect(await refusal(keyed("/v1/models", { headers: long }))).toEqual([431, "headers_too_large", null]);
    expect((await call("/v1/models", { headers: long })).status).toBe(431);
    const fitting = { "x-long": "x".repeat(15 * 1024) };
    expect((await keyed("/v1/models", { headers: fitting })).status).toBe(200);
  });
});
