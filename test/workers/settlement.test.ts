import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { catalogue } from "../../src/catalogue/index.ts";
import { seedPictures } from "../../src/engine/seeds.ts";
import { sha256 } from "../../src/generation/digest.ts";
import { GenerationObject } from "../../src/generation/generation.ts";
import type { Terms } from "../../src/generation/journal.ts";
import type { GenerationPorts } from "../../src/generation/ports.ts";
import type { GenerationRecord } from "../../src/generation/record.ts";
import type { Receipt } from "../../src/metering/receipt/schema.ts";
import { readSigned } from "../../src/metering/receipt/sign.ts";
import { Receipts } from "../../src/metering/receipt/store.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { chargeOf, totalOf } from "../../src/plan/price.ts";
import { misbehave } from "./client.ts";
import { newAccount } from "./operator.ts";

const MINUTE = 60_000;
const plan = makePlan(
  { prompt: "boat", n: 2, seed: 21, size: "auto", format: "png", partialImages: 0 },
  catalogue[0],
  seedPictures,
);
const price = totalOf(plan);

/** A generation of an account of its own whose price is held; it is neither started nor followed yet. */
async function held(hangUp: Terms["hangUp"]) {
  const account = await newAccount(price);
  const id = `gen_${crypto.randomUUID()}`;
  const [project, apiKey] = ["proj_test", "key_test"];
  const ledger = () => env.LEDGERS.getByName(account);
  const object = () => env.GENERATIONS.getByName(id);
  await ledger().reserve({
    ...{ account, generation: id, apiKey, project, model: plan.model, pictures: 2, amount: price },
    ...{ bodySha256: "", plan: JSON.stringify(plan), idempotencyKey: null, retryCount: 0 },
  });
  return {
    ...{ account, id, ledger, object },
    start: async () =>
      object().start(id, await sha256(JSON.stringify(plan)), plan, {
        ...{ account, project, apiKey, hangUp, comesBack: false },
      }),
    /** Read from its journal: asking the object for its record would count as coming back. */
    status: () =>
      runInDurableObject(
        object(),
        (_, { storage }) => storage.sql.exec("SELECT status FROM head").one().status,
      ),
    balance: async () => (await ledger().account())!.balance,
  };
}

type Started = Awaited<ReturnType<typeof held>>;

const receiptOf = async ({ account, id }: Started): Promise<Receipt | null> => {
  const jws = await new Receipts(env.OUTPUTS).get(account, id);
  return jws === null ? null : readSigned(jws);
};

class Generation extends GenerationObject<unknown> {}

/** Of a generation that has ended. */
const noPorts = { haste: 1, keepMs: 0 } as GenerationPorts;

const realNow = Date.now.bind(Date);

/** From now on the clock shows so much more than it should. */
function pass(ms: number): void {
  vi.spyOn(Date, "now").mockImplementation(() => realNow() + ms);
}

beforeEach(() => misbehave());
afterEach(() => vi.restoreAllMocks());

describe("a settlement", () => {
  it("that the ledger knows already signs what the ledger holds, whatever the record has become", async () => {
    const one = await held("finish");
    await one.start();
    await expect.poll(one.status, { timeout: 20_000 }).toBe("completed");
    pass(11 * MINUTE);
    // The hold has expired and nobody has come: the ledger asks, and gives everything back.
    await one.ledger().review(one.account, one.id);
    expect(await one.balance()).toMatchObject({ available: price, held: 0, charged: 0 });
    vi.restoreAllMocks();
    await one.object().describe(one.account);
    await expect
      .poll(() => receiptOf(one), { timeout: 20_000 })
      .toMatchObject({
        status: "unattended",
        charge: { pictures: 0, held: price, charged: 0, released: price },
      });
    expect(await one.balance()).toMatchObject({ available: price, held: 0, charged: 0 });
  });

  it("of what nobody ever followed waits ten minutes for somebody, and then charges nothing", async () => {
    const one = await held("finish");
    await one.start();
    await expect.poll(one.status, { timeout: 20_000 }).toBe("completed");
    expect(await one.balance()).toMatchObject({ available: 0, held: price, charged: 0 });
    await one.ledger().review(one.account, one.id);
    expect(await one.balance()).toMatchObject({ available: 0, held: price, charged: 0 });
    pass(11 * MINUTE);
    await one.ledger().review(one.account, one.id);
    expect(await one.balance()).toMatchObject({ available: price, held: 0, charged: 0 });
    // What was given back is gone: nobody comes for it later, for nothing.
    await runDurableObjectAlarm(one.object());
    expect(await one.status()).toBe("expired");
    expect(await one.object().attach(one.account, "listener", 0)).toBe("expired");
  });

  it("of what nobody followed at first charges who comes within ten minutes", async () => {
    const one = await held("finish");
    await one.start();
    await expect.poll(one.status, { timeout: 20_000 }).toBe("completed");
    await one.object().describe(one.account);
    await expect.poll(one.balance, { timeout: 20_000 }).toMatchObject({ held: 0, charged: price });
  });
});

describe("a deletion", () => {
  it("that breaks off in the middle shows nothing any more, and is finished by the alarm", async () => {
    const one = await held("finish");
    await one.start();
    await expect.poll(one.status, { timeout: 20_000 }).toBe("completed");
    await one.object().describe(one.account);
    await expect.poll(() => receiptOf(one), { timeout: 20_000 }).toMatchObject({ status: "completed" });
    const stored = async () => (await env.OUTPUTS.list({ prefix: `generations/${one.id}/` })).objects.length;
    expect(await stored()).toBe(2);
    const answer = await runInDurableObject(one.object(), async (_, ctx) => {
      const broken = { delete: () => Promise.reject(new Error("R2 is down")) } as unknown as R2Bucket;
      const again = new Generation(ctx, env, { ...noPorts, outputs: broken });
      return again.forget(one.account).catch((error: Error) => error.message);
    });
    expect(answer).toBe("R2 is down");
    // That was one life of the object; whoever asks now finds the next.
    await evictDurableObject(one.object());
    expect(await one.status()).toBe("expired");
    expect(await one.object().attach(one.account, "late", 0)).toBe("expired");
    pass(MINUTE);
    await runDurableObjectAlarm(one.object());
    expect(await stored()).toBe(0);
  });
});

describe("a cancellation", () => {
  it("wins over a hang-up of the same moment: the committed steps are charged, once", async () => {
    const one = await held("stop");
    await misbehave({ suffix: "-3", times: 9, act: { kind: "hold", ms: 20_000 } });
    await one.start();
    await one.object().attach(one.account, "listener", 0);
    const steps = async () => ((await one.object().describe(one.account)) as GenerationRecord).steps.length;
    await expect.poll(steps, { timeout: 20_000 }).toBe(3);
    const record = await runInDurableObject(one.object(), (generation) => {
      void generation.leave("listener");
      return generation.cancel(one.account);
    });
    expect(record).toMatchObject({ status: "cancelled", failure: "cancelled", steps: [{}, {}, {}] });
    const charged = chargeOf(plan, 3);
    await expect.poll(one.balance).toEqual({
      ...{ granted: price, available: price - charged, held: 0, charged },
    });
    expect(await receiptOf(one)).toMatchObject({ status: "cancelled", charge: { charged } });
    expect((await one.ledger().entries(0, 10)).map(({ kind }) => kind)).toEqual([
      "grant",
      "reserve",
      "settle",
    ]);
  });

  it("wins over a hand-over of the same moment", async () => {
    const one = await held("finish");
    await misbehave({ suffix: "-2", times: 1, act: { kind: "hold", ms: 3_000 } });
    await one.start();
    const abort = AbortController.prototype.abort;
    let cancelled: Promise<unknown> | null = null;
    await runInDurableObject(one.object(), (generation) => {
      vi.spyOn(AbortController.prototype, "abort").mockImplementation(function (this: AbortController, why) {
        abort.call(this, why);
        if (why === "hand over") cancelled ??= generation.cancel(one.account);
      });
    });
    const read = (sql: string) =>
      runInDurableObject(one.object(), (_, { storage }) =>
        Number(storage.sql.exec(sql).raw().next().value![0]),
      );
    await expect.poll(() => read("SELECT count(*) FROM journal"), { timeout: 20_000, interval: 20 }).toBe(2);
    // The alarm takes the run over, and ten minutes later is to hand it on at the next step's end.
    pass(6_000);
    const watching = runDurableObjectAlarm(one.object());
    const watchMs = () => read("SELECT due_ms FROM agenda WHERE item = 'watch'");
    await expect
      .poll(async () => (await watchMs()) > Date.now(), { timeout: 2_500, interval: 20 })
      .toBe(true);
    pass(11 * MINUTE);
    await watching;
    expect(await cancelled).toMatchObject({ status: "cancelled", steps: [{}, {}, {}] });
    const charged = chargeOf(plan, 3);
    expect(await one.balance()).toMatchObject({ available: price - charged, held: 0, charged });
  });
});
