import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { EndReason, HoldAnswer, HoldEnd, HoldRequest, HoldState } from "../../src/metering/hold.ts";
import { Archive } from "../../src/metering/ledger/archive.ts";
import { genesis, verifyChain } from "../../src/metering/ledger/chain.ts";
import type { UsageEvent } from "../../src/metering/ledger/events.ts";
import { LedgerObject, type LedgerPorts } from "../../src/metering/ledger/ledger.ts";

const MINUTE = 60_000;
const WIDE = { requestsPerMinute: 100_000, picturesPerMinute: 100_000, concurrency: 1_000 };

class Ledger extends LedgerObject<unknown> {}

let made = 0;
const newAccount = () => `acct_test_${made++}`;
/** A stub is broken once its object has died, so each call takes a new one. */
const ledgerOf = (account: string) => env.LEDGERS.get(env.LEDGERS.idFromName(account));

const usage = { pictures: 1, steps: 10, tokens: 680, size: "256x256" };
const asked = (account: string, generation: string, more: Partial<HoldRequest> = {}): HoldRequest => ({
  ...{
    account,
    generation,
    apiKey: "key_1",
    project: "proj_1",
    model: "var-sprites",
    pictures: 1,
    amount: 10,
  },
  ...{ bodySha256: "body", plan: `plan of ${generation}`, idempotencyKey: null, retryCount: 0 },
  ...more,
});
const ended = (
  account: string,
  generation: string,
  reason: EndReason = "completed",
  charge = 10,
): HoldEnd => ({
  ...{ account, generation, reason, charge, usage },
});
const reserveIn = async (account: string, generation: string): Promise<HoldAnswer> =>
  ledgerOf(account).reserve(asked(account, generation));
const outcome = (answer: HoldAnswer) =>
  answer.kind === "refused"
    ? answer.refusal.why
    : answer.kind === "joined"
      ? `joined ${answer.generation}`
      : answer.kind;
const count = (all: readonly string[], one: string) => all.filter((other) => other === one).length;

/** All rows of an account, verified, and in agreement with what the account says of itself. */
async function audited(account: string) {
  const ledger = ledgerOf(account);
  const rows = await ledger.entries(0, 5_000);
  const verdict = verifyChain(rows, genesis(account));
  expect(verdict.findings).toEqual([]);
  expect(verdict.sum).toBe(0);
  const state = (await ledger.account())!;
  expect(verdict.seal).toMatchObject(state.head);
  return { verdict, state };
}

/** Ports that a test can see and direct. */
const fakePorts = (now: () => number) => ({
  holdState: vi.fn<LedgerPorts["holdState"]>(async () => ({ kind: "live" })),
  attended: vi.fn<LedgerPorts["attended"]>(async () => false),
  publish: vi.fn<LedgerPorts["publish"]>(async () => undefined),
  archive: new Archive(env.RECORDS),
  now,
});

interface Inside {
  readonly ledger: Ledger;
  readonly account: string;
  readonly ports: ReturnType<typeof fakePorts>;
  readonly pass: (ms: number) => void;
  readonly alarmInMs: () => Promise<number | null>;
  /** How many tables there are. */
  readonly tables: () => number;
}

/**
 * Acts on a ledger inside an object of its own, with ports that a test can see and a clock that it moves.
 * The clock is in the middle of next month, so that the object's real alarm and the month's end stay out of it.
 */
async function inside(act: (of: Inside) => Promise<void>): Promise<void> {
  const account = newAccount();
  await runInDurableObject(ledgerOf(account), async (_, state) => {
    const today = new Date();
    let nowMs = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 10);
    const ports = fakePorts(() => nowMs);
    await act({
      ledger: new Ledger(state, env, ports),
      account,
      ports,
      pass: (ms) => {
        nowMs += ms;
      },
      alarmInMs: async () => {
        const alarm = await state.storage.getAlarm();
        return alarm === null ? null : alarm - nowMs;
      },
      tables: () =>
        state.storage.sql
          .exec("SELECT 1 FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
          .toArray().length,
    });
    await state.storage.deleteAlarm();
  });
}

const grantIn = (ledger: Ledger, account: string) =>
  ledger.grant({ account, key: "first", amount: 1_000, note: "" });

describe("an account's ledger under concurrent requests", () => {
  it("holds exactly 50 of 200 where there is credit for 50, and refuses the others for that", async () => {
    const account = newAccount();
    const ledger = ledgerOf(account);
    await ledger.configure({ account, limits: WIDE });
    await ledger.grant({ account, key: "fifty", amount: 500, note: "for fifty" });
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => outcome(await ledger.reserve(asked(account, `gen_${i}`)))),
    );
    expect(count(answers, "held")).toBe(50);
    expect(count(answers, "credit_balance_exhausted")).toBe(150);
    const { verdict, state } = await audited(account);
    expect(state.balance).toEqual({ granted: 500, available: 0, held: 500, charged: 0 });
    expect(verdict.live).toHaveLength(50);
    expect(state.liveHolds).toHaveLength(50);
  });

  it("settles each of many once, though every call comes twice and the object is lost in between", async () => {
    const account = newAccount();
    await ledgerOf(account).configure({ account, limits: WIDE });
    await ledgerOf(account).grant({ account, key: "all", amount: 1_000, note: "" });
    const names = Array.from({ length: 60 }, (_, i) => `gen_${i}`);
    const twice = <Answer>(call: (name: string) => Promise<Answer>) =>
      Promise.all(names.flatMap((name) => [call(name), call(name)]));
    const reserved = await twice((name) => reserveIn(account, name));
    expect(new Set(reserved.map(outcome))).toEqual(new Set(["held"]));
    for (let i = 0; i < names.length; i++) expect(reserved[2 * i]).toEqual(reserved[2 * i + 1]);
    await abortAllDurableObjects();
    const again = await Promise.all(names.map((name) => reserveIn(account, name)));
    expect(again).toEqual(reserved.filter((_, i) => i % 2 === 0));
    const ends = await twice((name) => ledgerOf(account).end(ended(account, name, "completed", 7)));
    expect([count(ends, "settled"), count(ends, "already")]).toEqual([60, 60]);
    await abortAllDurableObjects();
    const { verdict, state } = await audited(account);
    expect(verdict).toMatchObject({ rows: 121, reserved: 60, settled: 60, live: [] });
    expect(state.balance).toEqual({ granted: 1_000, available: 580, held: 0, charged: 420 });
  });

  it("gives one Idempotency-Key one generation, whoever is first of many", async () => {
    const account = newAccount();
    const ledger = ledgerOf(account);
    await ledger.grant({ account, key: "all", amount: 1_000, note: "" });
    const answers = await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        const answer = await ledger.reserve(asked(account, `gen_${i}`, { idempotencyKey: "k" }));
        return answer.kind === "joined" ? answer.generation : answer.kind === "held" ? `gen_${i}` : "refused";
      }),
    );
    expect(new Set(answers).size).toBe(1);
    expect((await audited(account)).verdict.reserved).toBe(1);
    const other = await ledger.reserve(asked(account, "gen_x", { idempotencyKey: "k", bodySha256: "other" }));
    expect(outcome(other)).toBe("idempotency_mismatch");
  });

  it("writes nothing, and wakes for nothing, where there was never any credit", async () => {
    await inside(async ({ ledger, account, alarmInMs, tables }) => {
      expect(outcome(await ledger.reserve(asked(account, "gen_a")))).toBe("credit_balance_exhausted");
      expect(await ledger.end(ended(account, "gen_a"))).toBe("unknown");
      expect(
        await ledger.adjust({ account, key: "k", generation: "gen_a", amount: 1, note: "" }),
      ).toMatchObject({
        why: "unknown_generation",
      });
      expect(await ledger.account()).toBeNull();
      expect([await ledger.entries(0, 10), await ledger.settled(0, 1e15, 0, 10)]).toEqual([[], []]);
      await ledger.alarm();
      expect([tables(), await alarmInMs()]).toEqual([0, null]);
    });
  });
});

describe("the client's own retry", () => {
  const retry = { retryCount: 1 };

  it("takes a generation that nobody listens to before an older one that somebody does", async () => {
    await inside(async ({ ledger, account, ports, pass }) => {
      await grantIn(ledger, account);
      for (const name of ["a", "b", "c"]) {
        await ledger.reserve(asked(account, name));
        pass(1);
      }
      ports.attended.mockImplementation(async (name) => name === "a");
      const taken = [];
      for (const name of ["r", "s", "t", "u"])
        taken.push(outcome(await ledger.reserve(asked(account, name, retry))));
      expect(taken).toEqual(["joined b", "joined c", "joined a", "held"]);
      expect(ports.attended.mock.calls.flat()).toEqual(["a", "b", "c", "a", "c"]);
    });
  });

  it("takes each of two once when both come at the same time", async () => {
    await inside(async ({ ledger, account, ports }) => {
      await grantIn(ledger, account);
      await ledger.reserve(asked(account, "a"));
      await ledger.reserve(asked(account, "b"));
      ports.attended.mockRejectedValue(new Error("no answer"));
      const answers = await Promise.all(
        ["r", "s"].map((name) => ledger.reserve(asked(account, name, retry))),
      );
      expect(answers.map(outcome).sort()).toEqual(["joined a", "joined b"]);
      expect((await ledger.account())!.balance.held).toBe(20);
    });
  });
});

describe("a hold that has expired", () => {
  async function expire(state: () => Promise<HoldState>, then: (of: Inside) => Promise<void>) {
    await inside(async (of) => {
      const { ledger, account, ports, pass, alarmInMs } = of;
      await grantIn(ledger, account);
      await ledger.reserve(asked(account, "gen_a"));
      expect(await alarmInMs()).toBe(15 * MINUTE);
      pass(15 * MINUTE - 1);
      await ledger.alarm();
      expect(ports.holdState).not.toHaveBeenCalled();
      ports.holdState.mockImplementation(state);
      pass(1);
      await ledger.alarm();
      expect(ports.holdState.mock.calls).toEqual([[account, "gen_a"]]);
      await then(of);
      const { findings } = verifyChain(await ledger.entries(0, 100), genesis(account));
      expect(findings).toEqual([]);
    });
  }

  const isExtended = async ({ ledger, account, ports, pass, alarmInMs }: Inside) => {
    expect((await ledger.account())!.balance).toMatchObject({ available: 990, held: 10 });
    expect(await alarmInMs()).toBe(10 * MINUTE);
    ports.holdState.mockResolvedValue({ kind: "void" });
    pass(10 * MINUTE);
    await ledger.alarm();
    expect((await ledger.account())!.balance).toMatchObject({ available: 1_000, held: 0 });
    expect(await ledger.end(ended(account, "gen_a"))).toBe("already");
  };

  it("is extended while its generation is live, and asked again", () =>
    expire(async () => ({ kind: "live" }), isExtended));

  it("is extended when its generation throws", () =>
    expire(async () => {
      throw new Error("reset");
    }, isExtended));

  it("is extended when its generation does not answer", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await expire(() => {
        queueMicrotask(() => void vi.advanceTimersByTimeAsync(30_000));
        return new Promise<never>(() => undefined);
      }, isExtended);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is released when its generation was never started", () =>
    expire(
      async () => ({ kind: "void" }),
      async ({ ledger, account }) => {
        expect((await ledger.account())!.balance).toMatchObject({ available: 1_000, held: 0, charged: 0 });
        expect(await ledger.end(ended(account, "gen_a"))).toBe("already");
      },
    ));

  it("is settled when its generation has ended, whose own word then comes too late", async () => {
    // Another account in it would be a mix-up of ours; the ledger knows whom it asked.
    const end = ended("acct_other", "gen_a", "cancelled", 4);
    await expire(
      async () => ({ kind: "ended", end }),
      async ({ ledger, account, ports }) => {
        expect((await ledger.account())!.balance).toMatchObject({ available: 996, held: 0, charged: 4 });
        expect(await ledger.end(ended(account, "gen_a", "cancelled", 4))).toBe("already");
        const events = ports.publish.mock.calls.flat(2);
        expect(events).toEqual([
          expect.objectContaining({ id: `${account}:3`, charge: 4, reason: "cancelled" }),
        ]);
      },
    );
  });

  it("may end while its generation is being asked", () =>
    inside(async ({ ledger, account, ports, pass }) => {
      await grantIn(ledger, account);
      await ledger.reserve(asked(account, "gen_a"));
      pass(15 * MINUTE);
      ports.holdState.mockImplementation(async () => {
        expect(await ledger.end(ended(account, "gen_a"))).toBe("settled");
        return { kind: "void" };
      });
      await ledger.alarm();
      expect((await ledger.account())!.balance).toMatchObject({ available: 990, held: 0, charged: 10 });
    }));
});

describe("usage events", () => {
  it("are sent until they are taken, each under its own id, and then forgotten", async () => {
    await inside(async ({ ledger, account, ports, pass, alarmInMs }) => {
      await grantIn(ledger, account);
      for (const name of ["a", "b", "c"]) await ledger.reserve(asked(account, name));
      await ledger.end(ended(account, "a"));
      await ledger.end(ended(account, "b", "failed", 0));
      await ledger.end(ended(account, "c", "cancelled", 0));
      // A second's events go together.
      expect(await alarmInMs()).toBe(1_000);
      pass(1_000);
      ports.publish.mockRejectedValueOnce(new Error("queue down")).mockRejectedValueOnce(new Error("still"));
      const waits = [];
      for (let i = 0; i < 2; i++) {
        await ledger.alarm();
        waits.push(await alarmInMs());
        pass(waits.at(-1)!);
      }
      expect(waits).toEqual([1_000, 2_000]);
      await ledger.alarm();
      const sent = ports.publish.mock.calls.map(([events]) => events as UsageEvent[]);
      expect(sent).toHaveLength(3);
      expect(sent[2]).toEqual(sent[0]);
      expect(sent[0]).toMatchObject([
        { id: `${account}:5`, generation: "a", charge: 10, usage, apiKey: "key_1", project: "proj_1" },
        { id: `${account}:6`, kind: "released", generation: "b", reason: "failed" },
        { id: `${account}:7`, generation: "c", charge: 0, reason: "cancelled" },
      ]);
      await ledger.alarm();
      expect(ports.publish).toHaveBeenCalledTimes(3);
      // Next it forgets the plans of today, and does not wake before.
      expect(await alarmInMs()).toBe(25 * 60 * MINUTE - 4_000);
    });
  });

  it("wait a hundred at a time, and all go in one alarm", async () => {
    await inside(async ({ ledger, account, ports }) => {
      await ledger.configure({ account, limits: WIDE });
      await ledger.grant({ account, key: "first", amount: 10_000, note: "" });
      for (let i = 0; i < 250; i++) {
        await ledger.reserve(asked(account, `gen_${i}`));
        await ledger.end(ended(account, `gen_${i}`));
      }
      await ledger.alarm();
      const sizes = ports.publish.mock.calls.map(([events]) => events.length);
      expect(sizes).toEqual([100, 100, 50]);
    });
  });
});
