import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { Archive } from "../../src/metering/ledger/archive.ts";
import { auditLedger } from "../../src/metering/ledger/audit.ts";
import type { Row } from "../../src/metering/ledger/chain.ts";
import { LedgerObject } from "../../src/metering/ledger/ledger.ts";
import { as, done, newAccount, newKey } from "./operator.ts";

class Ledger extends LedgerObject<unknown> {}

const GENERATIONS = 130;
const SEAL_ROWS = 50;

describe("a ledger that is sealed every 50 rows", () => {
  it("keeps its rows in R2, whole, and answers from there: entries, usage, repeated ends", async () => {
    const account = await newAccount();
    const archive = new Archive(env.RECORDS);
    const usage = { pictures: 2, steps: 5, tokens: 206, size: "64x64" };
    const kept = await runInDurableObject(env.LEDGERS.getByName(account), async (_, state) => {
      const ledger = new Ledger(state, env, {
        holdState: async () => ({ kind: "live" }),
        attended: async () => false,
        publish: async () => undefined,
        ...{ archive, sealRows: SEAL_ROWS, now: () => Date.now() },
      });
      const wide = { requestsPerMinute: 10_000, picturesPerMinute: 10_000, concurrency: 1_000 };
      await ledger.configure({ account, limits: wide });
      for (let i = 0; i < GENERATIONS; i++) {
        const generation = `gen_${i}`;
        const about = { apiKey: "key_1", project: "proj_1", model: "var-sprites", pictures: 2, amount: 500 };
        const request = { bodySha256: `${i}`, plan: "", idempotencyKey: null, retryCount: 0 };
        await ledger.reserve({ account, generation, ...about, ...request });
        await ledger.end({ account, generation, reason: "completed", charge: 300 + i, usage });
        if (i % 40 === 39) await ledger.alarm();
      }
      // One segment an alarm, and the next is due at once while there is more.
      for (let i = 0; i < 4; i++) await ledger.alarm();
      return state.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM rows").one().n;
    });
    expect(kept).toBeLessThan(SEAL_ROWS + 5);

    const rows = 1 + 2 * GENERATIONS;
    const live = (async function* () {
      for (let after = 0; ; ) {
        const page = (await env.LEDGERS.getByName(account).entries(after, 70)) as Row[];
        yield page;
        if (page.length < 70) return;
        after = page.at(-1)!.seq;
      }
    })();
    const sealed = await auditLedger(account, archive.walk(account), (async function* () {})());
    expect(sealed).toMatchObject({ findings: [], segments: Math.floor(rows / SEAL_ROWS) });
    const audit = await auditLedger(account, archive.walk(account), live);
    expect(audit).toMatchObject({ findings: [], rows, settled: GENERATIONS, live: [] });

    const { key } = await newKey(account);
    const charged = GENERATIONS * 300 + (GENERATIONS * (GENERATIONS - 1)) / 2;
    const start = Math.floor(Date.now() / 1000) - 86_400;
    expect(await done(as(key, `/usage?start_time=${start}`))).toMatchObject({
      total: { requests: GENERATIONS, pictures: 2 * GENERATIONS, micro_credits: charged },
    });
    const first = await done<{ data: Row[]; has_more: boolean }>(as(key, "/account/entries?limit=60"));
    expect(first.data.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(first.has_more).toBe(true);
    const { balance } = (await env.LEDGERS.getByName(account).account())!;
    expect(balance.charged).toBe(charged);
    const end = { account, generation: "gen_0", reason: "completed", charge: 300, usage } as const;
    expect(await env.LEDGERS.getByName(account).end(end)).toBe("already");
  });
});
