import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { exportUsage } from "../../src/metering/export/consume.ts";
import { UsageTotals } from "../../src/metering/export/totals.ts";
import type { LedgerEvent } from "../../src/metering/ledger/events.ts";
import { settledRows } from "../../src/metering/usage/row.ts";

const usage = { pictures: 2, steps: 5, tokens: 206, size: "64x64" };

/** What a reader makes of all usage files there are. */
async function exported(): Promise<UsageTotals> {
  const totals = new UsageTotals();
  for (let cursor: string | undefined; ; ) {
    const page = await env.RECORDS.list({ prefix: "usage/", ...(cursor && { cursor }) });
    for (const { key } of page.objects) {
      const text = await (await env.RECORDS.get(key))!.text();
      for (const line of text.trimEnd().split("\n")) totals.add(line);
    }
    if (!page.truncated) return totals;
    cursor = page.cursor;
  }
}

const totalOf = (totals: UsageTotals, account: string) =>
  totals
    .list()
    .filter((day) => day.account === account)
    .reduce((sum, { micro_credits }) => sum + micro_credits, 0);

const eventOf = (account: string, i: number): LedgerEvent => ({
  ...{ kind: "settled", id: `${account}:${i}`, account, generation: `gen_${i}`, atMs: Date.now() },
  ...{
    apiKey: "key_1",
    project: "proj_1",
    model: "var-sprites",
    reason: "completed",
    charge: 100 + i,
    usage,
  },
});

function shuffled<Item>(all: readonly Item[]): Item[] {
  return all
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

describe("the usage queue", () => {
  it("brings to R2 what the ledger charged, to the last micro-credit, by a real queue", async () => {
    const account = "acct_export";
    const ledger = env.LEDGERS.getByName(account);
    await ledger.grant({ account, key: "first", amount: 1_000_000, note: "" });
    const wide = { requestsPerMinute: 10_000, picturesPerMinute: 10_000, concurrency: 1_000 };
    await ledger.configure({ account, limits: wide });
    for (let i = 0; i < 60; i++) {
      const generation = `gen_${i}`;
      const about = { apiKey: "key_1", project: "proj_1", model: "var-sprites", pictures: 2, amount: 500 };
      const request = { bodySha256: `${i}`, plan: "", idempotencyKey: null, retryCount: 0 };
      await ledger.reserve({ account, generation, ...about, ...request });
      const reason = i % 7 === 0 ? "failed" : i % 5 === 0 ? "cancelled" : "completed";
      await ledger.end({ account, generation, reason, charge: 300 + i, usage });
    }
    await ledger.adjust({ account, key: "sorry", generation: "gen_1", amount: 77, note: "" });
    const { charged } = (await ledger.account())!.balance;
    await expect.poll(async () => totalOf(await exported(), account), { timeout: 50_000 }).toBe(charged);
    let rows = 0;
    const settled = settledRows((_, ...page) => ledger.settled(...page), account, 0, Date.now() + 1_000);
    for await (const row of settled) rows += row.usage ? 1 : 0;
    const requests = (await exported()).list().find((day) => day.account === account)!.requests;
    expect(requests).toBe(rows);
  });

  it("is exact when every message comes twice and in random order, by a real queue", async () => {
    const account = "acct_twice";
    const events = Array.from({ length: 150 }, (_, i) => eventOf(account, i + 1));
    const all = shuffled([...events, ...events]);
    for (let at = 0; at < all.length; at += 100) {
      await env.USAGE.sendBatch(all.slice(at, at + 100).map((body) => ({ body })));
    }
    const sum = events.reduce((total, event) => total + ("charge" in event ? event.charge : 0), 0);
    await expect.poll(async () => totalOf(await exported(), account), { timeout: 50_000 }).toBe(sum);
    // All 300 messages are through once no more lines appear; the total stays what it is.
    await expect.poll(async () => (await exported()).duplicates, { timeout: 50_000 }).toBeGreaterThan(0);
    expect(totalOf(await exported(), account)).toBe(sum);
  });

  it("sends on as many deliveries at a time as a queue takes", async () => {
    const told = Array.from({ length: 250 }, (_, i) => ({ webhook: `wh_${i}`, event: eventOf("acct_a", i) }));
    const sendBatch = vi.fn();
    const batch = { messages: [{ attempts: 1, body: eventOf("acct_a", 1) }] } as unknown;
    await exportUsage(batch as MessageBatch<LedgerEvent>, {
      ...{ files: env.RECORDS, source: "https://edge.example", sinks: () => [], deliveries: { sendBatch } },
      webhooks: { recipients: async () => told, deliver: vi.fn() },
    });
    expect(sendBatch.mock.calls.map(([messages]) => (messages as unknown[]).length)).toEqual([100, 100, 50]);
  });

  it("keeps a batch for later when R2 does not take it, later each time", async () => {
    const put = vi.fn<R2Bucket["put"]>().mockRejectedValue(new Error("R2 is down"));
    for (const [attempts, delaySeconds] of [
      [1, 2],
      [5, 32],
      [50, 600],
    ] as const) {
      const retry = vi.fn();
      const messages = [1, 2].map((i) => ({ attempts, retry, body: eventOf("acct_down", i) }));
      const batch = { messages } as unknown as MessageBatch<LedgerEvent>;
      const files = { put } as unknown as R2Bucket;
      const webhooks = { recipients: vi.fn(), deliver: vi.fn() };
      const ports = {
        files,
        source: "https://edge.example",
        sinks: () => [],
        webhooks,
        deliveries: env.DELIVERIES,
      };
      await exportUsage(batch, ports);
      expect(retry.mock.calls).toEqual([[{ delaySeconds }], [{ delaySeconds }]]);
    }
    expect(put).toHaveBeenCalledTimes(3);
  });
});
