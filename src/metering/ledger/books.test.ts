import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NodeStorage } from "../../../test/node-storage.ts";
import type { EndReason, HoldAnswer, HoldEnd, HoldRequest } from "../hold.ts";
import { AccountBooks } from "./books.ts";
import { genesis, verifyChain } from "./chain.ts";
import type { Choice } from "./reserve.ts";
import type { Sql } from "./store.ts";

const ACCOUNT = "acct_a";
const START = Date.UTC(2026, 10, 24, 12);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const asked = (generation: string, more: Partial<HoldRequest> = {}): HoldRequest => ({
  account: ACCOUNT,
  generation,
  apiKey: "key_1",
  project: "proj_1",
  model: "var-sprites",
  pictures: 1,
  amount: 10,
  bodySha256: "body",
  plan: `plan of ${generation}`,
  idempotencyKey: null,
  retryCount: 0,
  ...more,
});
const usage = { pictures: 1, steps: 10, tokens: 680, size: "256x256" };
const ended = (generation: string, reason: EndReason = "completed", charge = 10): HoldEnd => ({
  ...{ account: ACCOUNT, generation, reason, charge, usage },
});

/** Books with so much credit; a short way to reserve and to tell the outcome. */
function open(credit = 1_000) {
  const storage = new NodeStorage<Sql>();
  const books = new AccountBooks(storage);
  let nowMs = START;
  if (credit > 0) books.grant({ account: ACCOUNT, key: "first", amount: credit, note: "" }, nowMs);
  const reserve = (generation: string, more: Partial<HoldRequest> = {}, preferred: string[] | null = null) =>
    outcome(books.reserve(asked(generation, more), preferred, nowMs));
  return {
    ...{ storage, books, reserve },
    end: (generation: string, reason?: EndReason, charge?: number) =>
      books.end(ended(generation, reason, charge), true, nowMs),
    pass: (ms: number) => {
      nowMs += ms;
      return nowMs;
    },
    state: () => books.state(nowMs)!,
    audit: () => {
      const verdict = verifyChain(books.entries(0, 5_000), genesis(ACCOUNT));
      expect(verdict.findings).toEqual([]);
      expect(verdict.seal).toMatchObject(books.state(nowMs)!.head);
      return verdict;
    },
  };
}

function outcome(answer: HoldAnswer | Choice): string {
  if (answer.kind === "joined") return `joined ${answer.generation}`;
  if (answer.kind === "choice") return `choice of ${answer.generations.join(", ")}`;
  return answer.kind === "held" ? "held" : answer.refusal.why;
}

describe("the books under duplicates, crashes and restarts", () => {
  const generation = fc.constantFrom("a", "b", "c", "d", "e");
  const reason = fc.constantFrom<EndReason>("completed", "cancelled", "failed", "unattended", "void");
  const call = fc.oneof(
    fc.record({ do: fc.constant("grant" as const), key: fc.constantFrom("k", "l", "m"), amount: fc.nat(30) }),
    fc.record({ do: fc.constant("reserve" as const), generation, amount: fc.integer({ min: 1, max: 20 }) }),
    fc.record({
      do: fc.constant("end" as const),
      generation,
      reason,
      charge: fc.integer({ min: -1, max: 25 }),
    }),
    fc.record({
      do: fc.constant("adjust" as const),
      key: fc.constantFrom("x", "y", "z"),
      generation,
      amount: fc.integer({ min: 1, max: 15 }),
    }),
  );
  type Call = typeof call extends fc.Arbitrary<infer One> ? One : never;
  /** `dieAfter`: statements until the object dies in this call; then it is called again by somebody who heard nothing. */
  const step = fc.record({ call, dieAfter: fc.option(fc.nat(25)), again: fc.boolean() });

  const apply = (books: AccountBooks, one: Call): unknown => {
    const account = ACCOUNT;
    switch (one.do) {
      case "grant":
        return books.grant({ account, key: one.key, amount: one.amount, note: "" }, START);
      case "adjust":
        return books.adjust(
          { account, key: one.key, generation: one.generation, amount: one.amount, note: "" },
          START,
        );
      case "end":
        return books.end(
          { account, generation: one.generation, reason: one.reason, charge: one.charge, usage },
          true,
          START,
        );
      case "reserve":
        return books.reserve(asked(one.generation, { amount: one.amount }), null, START);
    }
  };

  it("post each thing once, stay whole, and answer a repeated call as the first", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const storage = new NodeStorage<Sql>();
        let books = new AccountBooks(storage);
        const granted = new Map<string, number>();
        const holds = new Map<string, { amount: number; charge: number | null; refunded: number }>();
        const refunds = new Set<string>();
        for (const { call, dieAfter, again } of steps) {
          if (dieAfter !== null) {
            storage.dieAfter = dieAfter;
            let died = true;
            try {
              apply(books, call);
              died = false;
            } catch (error) {
              expect(String(error)).toContain("died");
            }
            storage.dieAfter = Number.POSITIVE_INFINITY;
            books = new AccountBooks(storage);
            // Nothing of what died half-way may be seen; what went through is found again by the same call.
            if (died) verify(books);
          }
          const answer = apply(books, call);
          if (again) {
            const second = apply(new AccountBooks(storage), call);
            expect(second).toEqual(answer === "settled" ? "already" : answer);
          }
          note(call, answer, dieAfter !== null);
        }
        verify(books);
        expect(storage.count("sqlite_master WHERE name = 'head'")).toBe(granted.size > 0 ? 1 : 0);
        if (granted.size === 0) return;
        const charged = [...holds.values()].filter(({ charge }) => charge !== null);
        expect(books.state(START)!.balance).toEqual({
          granted: sum([...granted.values()]),
          held: sum([...holds.values()].map(({ amount, charge }) => (charge === null ? amount : 0))),
          charged: sum(charged.map(({ charge, refunded }) => charge! - refunded)),
          available:
            sum([...granted.values()]) -
            sum([...holds.values()].map(({ amount, charge, refunded }) => (charge ?? amount) - refunded)),
        });
        const events = books.dueEvents(START, 1_000).map(({ event }) => event);
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
        expect(sum(events.map((event) => ("charge" in event ? event.charge : 0)))).toBe(
          books.state(START)!.balance.charged,
        );
        expect(events.filter(({ kind }) => kind === "refunded")).toHaveLength(refunds.size);
        expect(storage.count("rows")).toBe(granted.size + holds.size + charged.length + refunds.size);

        /** Writes down what an answer claims to have happened. */
        function note(one: Call, answer: unknown, maybeBefore: boolean): void {
          const kind = (answer as { kind?: string }).kind;
          if (one.do === "grant" && kind === "posted") granted.set(one.key, one.amount);
          if (one.do === "reserve" && kind === "held" && !holds.has(one.generation)) {
            holds.set(one.generation, { amount: one.amount, charge: null, refunded: 0 });
          }
          const hold = "generation" in one ? holds.get(one.generation) : undefined;
          const endedNow =
            answer === "settled" || (maybeBefore && answer === "already" && hold?.charge === null);
          if (one.do === "end" && endedNow) {
            const charges = one.reason === "completed" || one.reason === "cancelled";
            hold!.charge = charges ? Math.min(Math.max(one.charge, 0), hold!.amount) : 0;
          }
          if (one.do === "adjust" && kind === "posted" && !refunds.has(one.key)) {
            refunds.add(one.key);
            hold!.refunded += one.amount;
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  const sum = (all: number[]) => all.reduce((total, one) => total + one, 0);
  const verify = (books: AccountBooks) => {
    const { findings, seal } = verifyChain(books.entries(0, 5_000), genesis(ACCOUNT));
    expect(findings).toEqual([]);
    const state = books.state(START);
    if (state) expect(seal).toMatchObject(state.head);
  };
});

describe("a reservation", () => {
  it("on an account that has nothing is refused, and writes nothing", () => {
    const { books, storage } = open(0);
    expect(books.reserve(asked("a"), null, START)).toEqual({
      kind: "refused",
      refusal: { why: "credit_balance_exhausted", available: 0 },
      limits: null,
    });
    expect(storage.count("sqlite_master")).toBe(0);
    expect(books.state(START)).toBeNull();
  });

  it("of more than there is tells what there is, and takes nothing", () => {
    const { books, state } = open(9);
    const answer = books.reserve(asked("a"), null, START);
    expect(answer).toMatchObject({
      refusal: { why: "credit_balance_exhausted", available: 9 },
      limits: { requests: { limit: 120, remaining: 120, resetMs: 0 }, pictures: { remaining: 240 } },
    });
    expect(state().balance).toEqual({ granted: 9, available: 9, held: 0, charged: 0 });
  });

  it("says where the limits stand after it", () => {
    const { books } = open();
    expect(books.reserve(asked("a", { pictures: 4 }), null, START)).toEqual({
      kind: "held",
      limits: {
        requests: { limit: 120, remaining: 119, resetMs: 500 },
        pictures: { limit: 240, remaining: 236, resetMs: 1_000 },
      },
    });
  });

  it("of another account is no business of these books", () => {
    expect(() => open().books.reserve(asked("a", { account: "acct_b" }), null, START)).toThrow(
      "not acct_b's",
    );
  });

  it("gives back what a cancelled generation did not use, and all of a failed one", () => {
    const { reserve, end, state, audit } = open();
    reserve("a");
    reserve("b");
    reserve("c");
    expect([end("a", "cancelled", 4), end("b", "failed", 10), end("c", "void")]).toEqual(
      Array(3).fill("settled"),
    );
    expect(state().balance).toEqual({ granted: 1_000, available: 996, held: 0, charged: 4 });
    expect(audit()).toMatchObject({ settled: 1, released: 2, live: [] });
    expect([end("a"), end("x")]).toEqual(["already", "unknown"]);
  });
});

describe("an Idempotency-Key", () => {
  const key = { idempotencyKey: "k" };
  it("joins the same body while it runs and for a day after, without a hold, a rate or a picture", () => {
    const { reserve, end, pass, state } = open();
    expect(reserve("a", key)).toBe("held");
    expect(reserve("b", key)).toBe("joined a");
    expect(state().balance.held).toBe(10);
    end("a");
    pass(DAY - 1);
    expect(reserve("c", key)).toBe("joined a");
    pass(1);
    expect(reserve("d", key)).toBe("held");
  });

  it("is refused with another body, and free for it a day after the end", () => {
    const { reserve, end, pass } = open();
    reserve("a", key);
    end("a", "cancelled", 3);
    expect(reserve("b", { ...key, bodySha256: "other" })).toBe("idempotency_mismatch");
    pass(DAY);
    expect(reserve("c", { ...key, bodySha256: "other" })).toBe("held");
  });

  it.each(["failed", "void", "unattended"] as const)("is free again after %s", (reason) => {
    const { reserve, end } = open();
    reserve("a", key);
    end("a", reason, 0);
    expect(reserve("b", { ...key, bodySha256: "other" })).toBe("held");
  });

  it("is free again after a refusal", () => {
    const { reserve, books } = open(5);
    expect(reserve("a", key)).toBe("credit_balance_exhausted");
    books.grant({ account: ACCOUNT, key: "more", amount: 100, note: "" }, START);
    expect(reserve("b", { ...key, bodySha256: "other" })).toBe("held");
  });

  it("answers the very same request again as at first, held or joined", () => {
    const { books } = open();
    const first = books.reserve(asked("a", key), null, START);
    const second = books.reserve(asked("b", key), null, START);
    books.reserve(asked("c"), null, START);
    expect(books.reserve(asked("a", key), null, START + 5_000)).toEqual(first);
    expect(books.reserve(asked("b", key), null, START + 5_000)).toEqual(second);
  });
});

describe("the client's own retry", () => {
  const retry = (count = 1) => ({ retryCount: count });
  it("joins the oldest generation of its body and key, each taken once, then starts anew", () => {
    const { reserve, pass } = open();
    reserve("a");
    pass(1);
    reserve("b");
    expect(reserve("r", { ...retry(), bodySha256: "other" })).toBe("held");
    expect(reserve("s", { ...retry(), apiKey: "key_2" })).toBe("held");
    expect(reserve("t", retry())).toBe("choice of a, b");
    expect(reserve("t", retry(), ["b", "a"])).toBe("joined b");
    expect(reserve("t", retry())).toBe("joined b");
    expect(reserve("u", retry())).toBe("joined a");
    expect(reserve("v", retry())).toBe("held");
  });

  it("may take over again what an earlier retry had taken, as the client's second one", () => {
    const { reserve } = open();
    reserve("a");
    expect(reserve("r", retry(1))).toBe("joined a");
    expect(reserve("s", retry(2))).toBe("joined a");
    expect(reserve("t", retry(2))).toBe("held");
  });

  it("takes what was chosen in vain for one that is still free", () => {
    const { reserve } = open();
    reserve("a");
    reserve("b");
    reserve("r", retry(), ["a"]);
    expect(reserve("s", retry(), ["a", "b"])).toBe("joined b");
  });

  it("joins a completed one, but none that failed, was cancelled, is ten minutes old or has an Idempotency-Key", () => {
    const { reserve, end, pass } = open();
    for (const [generation, reason] of [
      ["a", "failed"],
      ["b", "cancelled"],
      ["c", "unattended"],
      ["d", "completed"],
    ] as const) {
      reserve(generation);
      end(generation, reason, 0);
    }
    reserve("i", { idempotencyKey: "k" });
    pass(MINUTE);
    expect(reserve("r", retry())).toBe("joined d");
    reserve("e");
    pass(10 * MINUTE);
    expect(reserve("s", retry())).toBe("held");
  });

  it("starts anew within a minute of a refusal that clients retry, once a refusal", () => {
    const { reserve, books, pass } = open();
    books.configure({ account: ACCOUNT, limits: { concurrency: 1 } }, START);
    reserve("a");
    expect(reserve("b")).toBe("concurrency_limit");
    books.configure({ account: ACCOUNT, limits: { concurrency: 9 } }, START);
    expect(reserve("r", retry())).toBe("held");
    expect(reserve("s", retry())).toBe("choice of a, r");
    books.configure({ account: ACCOUNT, limits: { concurrency: 2 } }, START);
    expect(reserve("c")).toBe("concurrency_limit");
    pass(MINUTE);
    expect(reserve("t", retry(), [])).toBe("joined a");
  });

  it("starts anew after a failure, and is refused again and again until there is room", () => {
    const { reserve, end, books } = open();
    reserve("a");
    reserve("b");
    end("b", "failed", 0);
    books.configure({ account: ACCOUNT, limits: { concurrency: 1 } }, START);
    expect(reserve("r", retry())).toBe("concurrency_limit");
    // The same request, whose answer was lost, is not taken for another's retry.
    expect(reserve("r", retry())).toBe("concurrency_limit");
    expect(reserve("s", retry(2))).toBe("concurrency_limit");
    books.configure({ account: ACCOUNT, limits: { concurrency: 9 } }, START);
    expect(reserve("t", retry(3))).toBe("held");
    expect(reserve("t", retry(3))).toBe("held");
    expect(reserve("u", retry(1), [])).toBe("joined a");
  });

  it("is not sent anew by a refusal that was never answered, for the same request was held after it", () => {
    const { reserve, books } = open();
    reserve("a");
    books.configure({ account: ACCOUNT, limits: { concurrency: 1 } }, START);
    expect(reserve("b")).toBe("concurrency_limit");
    books.configure({ account: ACCOUNT, limits: { concurrency: 9 } }, START);
    expect(reserve("b")).toBe("held");
    expect(reserve("r", retry(), [])).toBe("joined a");
  });
});

describe("limits", () => {
  it("refuse by rate with the time to wait, and let through after it", () => {
    const { books, reserve, pass } = open();
    books.configure({ account: ACCOUNT, limits: { requestsPerMinute: 2 } }, START);
    expect([reserve("a"), reserve("b")]).toEqual(["held", "held"]);
    expect(books.reserve(asked("c"), null, START)).toMatchObject({
      refusal: { why: "rate_limit_exceeded", of: "requests", retryAfterMs: 30_000 },
    });
    pass(30_000);
    expect([reserve("c"), reserve("d")]).toEqual(["held", "rate_limit_exceeded"]);
  });

  it("measure a key's pictures beside the account's, and take from neither what is refused", () => {
    const { books, reserve } = open();
    books.configureKey({ account: ACCOUNT, apiKey: "key_1", limits: { picturesPerMinute: 3 } }, START);
    expect(reserve("a", { pictures: 4 })).toBe("rate_limit_exceeded");
    expect(reserve("b", { pictures: 3 })).toBe("held");
    expect(reserve("c", { pictures: 1 })).toBe("rate_limit_exceeded");
    const answer = books.reserve(asked("d", { apiKey: "key_2" }), null, START);
    expect(answer).toMatchObject({ limits: { pictures: { remaining: 236 }, requests: { remaining: 118 } } });
  });

  it("count live holds of the account and of each key", () => {
    const { books, reserve, end } = open();
    books.configure({ account: ACCOUNT, limits: { concurrency: 3 } }, START);
    books.configureKey({ account: ACCOUNT, apiKey: "key_1", limits: { concurrency: 1 } }, START);
    expect([reserve("a"), reserve("b")]).toEqual(["held", "concurrency_limit"]);
    const other = { apiKey: "key_2" };
    expect([reserve("c", other), reserve("d", other), reserve("e", other)]).toEqual([
      "held",
      "held",
      "concurrency_limit",
    ]);
    end("a");
    expect([reserve("f", other), reserve("g", other)]).toEqual(["held", "concurrency_limit"]);
  });

  it("stop at the month's budget, held and charged together, until the next month", () => {
    const { books, reserve, end, pass, state } = open();
    books.configure({ account: ACCOUNT, limits: { monthlyBudget: 25 } }, START);
    expect(reserve("a")).toBe("held");
    end("a");
    expect([reserve("b"), reserve("c")]).toEqual(["held", "budget_exceeded"]);
    const december = Date.UTC(2026, 11);
    expect(books.reserve(asked("d"), null, START)).toMatchObject({
      refusal: { why: "budget_exceeded", of: "account", resetsMs: december },
    });
    pass(december - START);
    expect(state().month).toEqual({
      name: "2026-12",
      charged: 0,
      held: 10,
      budget: 25,
      resetsMs: Date.UTC(2027, 0),
    });
    expect([reserve("e"), reserve("f")]).toEqual(["held", "budget_exceeded"]);
  });

  it("stop at a key's own budget", () => {
    const { books, reserve } = open();
    books.configureKey({ account: ACCOUNT, apiKey: "key_1", limits: { monthlyBudget: 10 } }, START);
    reserve("a");
    expect(books.reserve(asked("b"), null, START)).toMatchObject({ refusal: { of: "key" } });
    expect(reserve("c", { apiKey: "key_2" })).toBe("held");
  });

  it("keep one alert a month and threshold", () => {
    const { books, reserve, end, state } = open();
    books.configure({ account: ACCOUNT, limits: { monthlyBudget: 25 } }, START);
    reserve("a");
    expect(state().alerts).toEqual([]);
    reserve("b");
    end("a");
    const at80 = { month: "2026-11", percent: 80, atMs: START, spent: 20, budget: 25 };
    expect(state().alerts).toEqual([at80, { ...at80, percent: 50 }]);
    expect(reserve("c")).toBe("budget_exceeded");
    expect(reserve("d")).toBe("budget_exceeded");
    expect(state().alerts).toEqual([{ ...at80, percent: 100 }, at80, { ...at80, percent: 50 }]);
    const told = books.dueEvents(START, 100).map(({ event }) => event);
    expect(told.filter(({ kind }) => kind === "budget")).toEqual(
      [50, 80, 100].map((percent) => ({
        ...{ kind: "budget", id: `${ACCOUNT}:budget:2026-11:${percent}`, account: ACCOUNT },
        ...{ ...at80, percent },
      })),
    );
  });

  it("refuse a disabled key and a disabled account before anything else", () => {
    const { books, reserve } = open();
    reserve("a", { idempotencyKey: "k" });
    books.configureKey({ account: ACCOUNT, apiKey: "key_1", disabled: true }, START);
    expect(reserve("b", { idempotencyKey: "k" })).toBe("key_disabled");
    expect(reserve("c", { apiKey: "key_2" })).toBe("held");
    books.configure({ account: ACCOUNT, disabled: true }, START);
    expect(reserve("d", { apiKey: "key_2" })).toBe("account_disabled");
    books.configure({ account: ACCOUNT, disabled: false }, START);
    books.configureKey({ account: ACCOUNT, apiKey: "key_1", disabled: false }, START);
    expect(reserve("e")).toBe("held");
  });

  it.each([
    ["requestsPerMinute", 0],
    ["picturesPerMinute", 1.5],
    ["concurrency", null],
    ["monthlyBudget", -1],
    ["alertPercents", [0]],
  ])("take no %s of %j", (param, value) => {
    expect(open().books.configure({ account: ACCOUNT, limits: { [param]: value } }, START)).toEqual({
      ...{ kind: "refused", why: "invalid_limit", param },
    });
  });
});

describe("grants and refunds", () => {
  it("happen once a key, and refuse a key that has said something else", () => {
    const { books, reserve, end, state } = open();
    const more = { account: ACCOUNT, key: "more", amount: 5, note: "gift" };
    const posted = books.grant(more, START);
    expect(posted).toMatchObject({ kind: "posted", seq: 2 });
    expect(books.grant(more, START + 1)).toEqual(posted);
    expect(books.grant({ ...more, amount: 6 }, START)).toEqual({ kind: "refused", why: "key_reused" });
    reserve("a");
    end("a");
    const refund = { account: ACCOUNT, key: "more", generation: "a", amount: 6, note: "blurred" };
    const refunded = books.adjust(refund, START);
    expect(books.adjust(refund, START + 1)).toEqual(refunded);
    expect(books.adjust({ ...refund, note: "other" }, START)).toMatchObject({ why: "key_reused" });
    expect(books.adjust({ ...refund, key: "again" }, START)).toMatchObject({ why: "above_charge" });
    expect(state()).toMatchObject({ balance: { charged: 4, available: 1_001 }, month: { charged: 4 } });
  });

  it("show in the usage report as a row each, page after page and month by month", () => {
    const { books, reserve, end } = open();
    for (const generation of ["a", "b", "c"]) {
      reserve(generation);
      end(generation);
    }
    books.adjust({ account: ACCOUNT, key: "x", generation: "b", amount: 6, note: "" }, START + MINUTE);
    const all = books.settled(START, START + MINUTE + 1, 0, 100);
    expect(all.map(({ generation, charge }) => [generation, charge])).toEqual([
      ["a", 10],
      ["b", 10],
      ["c", 10],
      ["b", -6],
    ]);
    expect(all[0]).toMatchObject({ apiKey: "key_1", project: "proj_1", model: "var-sprites", usage });
    expect(all[3]!.usage).toBeNull();
    const firstTwo = books.settled(START, START + MINUTE + 1, 0, 2);
    expect([...firstTwo, ...books.settled(START, START + MINUTE + 1, firstTwo[1]!.seq, 100)]).toEqual(all);
    expect(books.settled(START, START + MINUTE, 0, 100)).toEqual(all.slice(0, 3));
    expect(books.settled(START + 1, START + DAY, 0, 100)).toEqual(all.slice(3));
  });
});

describe("what is kept", () => {
  it("lets a day-old plan go, but not the hold's end", () => {
    const { books, reserve, end, pass, storage, audit } = open();
    reserve("a", { idempotencyKey: "k" });
    reserve("b", { idempotencyKey: "k" });
    reserve("live");
    end("a");
    const dayAfter = pass(DAY);
    books.prune(dayAfter - 1);
    expect(storage.count("holds WHERE plan IS NOT NULL")).toBe(2);
    books.prune(dayAfter);
    expect(storage.count("holds WHERE plan IS NOT NULL")).toBe(1);
    expect(storage.count("joins")).toBe(0);
    expect(end("a")).toBe("already");
    expect(reserve("a")).toBe("held");
    expect(audit().live).toEqual(["live"]);
  });

  it("is read anew after a change that came to nothing", () => {
    const { books, storage, reserve } = open();
    const disable = () => books.configure({ account: ACCOUNT, disabled: true }, START);
    expect(reserve("a")).toBe("held");
    // It dies later and later, until it does not.
    for (let after = 0; ; after++) {
      storage.dieAfter = after;
      try {
        disable();
        break;
      } catch {
        storage.dieAfter = Number.POSITIVE_INFINITY;
        expect(reserve(`b${after}`)).toBe("held");
      }
    }
    storage.dieAfter = Number.POSITIVE_INFINITY;
    expect(reserve("c")).toBe("account_disabled");
  });
});
