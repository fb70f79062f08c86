/** One account's ledger over its storage: every call one transaction, no clock and no network of its own. */
import type { HoldAnswer, HoldEnd, HoldRequest } from "../hold.ts";
import type { SettledRow } from "../usage/row.ts";
import { alertBudget } from "./alert.ts";
import type { Row } from "./chain.ts";
import type { LedgerEvent } from "./events.ts";
import { KEPT_MS, type ListedHold } from "./holds.ts";
import {
  type Adjustment,
  adjust,
  type EndAnswer,
  end,
  ended,
  type Grant,
  grant,
  type PostAnswer,
} from "./post.ts";
import { type Choice, reserve } from "./reserve.ts";
import { SEAL_ROWS } from "./segments.ts";
import {
  type AccountChange,
  type ConfigureAnswer,
  invalidLimit,
  type KeyChange,
  NEW_ACCOUNT,
} from "./settings.ts";
import { type AccountState, settledRowOf, stateOfAccount } from "./state.ts";
import type { Head, Sql } from "./store.ts";
import { openTables, type Tables } from "./tables.ts";

/** What the ledger needs of a Durable Object's storage. */
export interface LedgerStorage {
  readonly sql: Sql;
  transactionSync<Result>(closure: () => Result): Result;
}

/** A hold that nobody has ended asks its generation after so long, and after that again. */
const HELD_MS = 15 * 60_000;
const EXTENDED_MS = 10 * 60_000;
/** So that forgetting wakes the object at most once an hour. */
const PRUNE_SLACK_MS = 60 * 60_000;
const MOST_ROWS = 5_000;

/** All methods may be called again with the same arguments: what was done is not done twice. */
export class AccountBooks {
  readonly #storage: LedgerStorage;
  readonly #tables: Tables;
  readonly #sealRows: number;
  readonly #haste: number;

  /**
   * @param sealRows rows after which the chain is to be sealed.
   * @param haste how many times faster holds expire.
   */
  constructor(storage: LedgerStorage, sealRows = SEAL_ROWS, haste = 1) {
    this.#storage = storage;
    this.#sealRows = sealRows;
    this.#haste = haste;
    this.#tables = openTables(storage.sql);
  }

  /** @throws RangeError for an amount or a number of pictures that no plan has. */
  reserve(request: HoldRequest, preferred: readonly string[] | null, nowMs: number): HoldAnswer | Choice {
    for (const count of [request.amount, request.pictures]) {
      if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`reserve: ${count}`);
    }
    return this.#existing<HoldAnswer | Choice>(
      request.account,
      { kind: "refused", refusal: { why: "credit_balance_exhausted", available: 0 }, limits: null },
      () => reserve(this.#tables, request, preferred, nowMs, this.#expiry(nowMs, HELD_MS)),
    );
  }

  /** @param told see `end` of post.ts. */
  end(said: HoldEnd, told: boolean, nowMs: number): EndAnswer {
    return this.#existing<EndAnswer>(said.account, "unknown", (head) =>
      end(this.#tables, head, said, told, nowMs),
    );
  }

  /** How a generation's hold has ended, or null. */
  ended(generation: string): HoldEnd | null {
    const head = this.#tables.store.head();
    return head && ended(this.#tables, head, generation);
  }

  grant(given: Grant, nowMs: number): PostAnswer {
    if (!Number.isSafeInteger(given.amount) || given.amount < 1) {
      return { kind: "refused", why: "invalid_amount" };
    }
    return this.#made(given.account, nowMs, () => grant(this.#tables, given, nowMs));
  }

  adjust(given: Adjustment, nowMs: number): PostAnswer {
    return this.#existing<PostAnswer>(given.account, { kind: "refused", why: "unknown_generation" }, () =>
      adjust(this.#tables, given, nowMs),
    );
  }

  configure({ account, disabled, limits = {} }: AccountChange, nowMs: number): ConfigureAnswer {
    const param = invalidLimit(limits, false);
    if (param !== null) return { kind: "refused", why: "invalid_limit", param };
    return this.#made(account, nowMs, () => {
      const { rates, store } = this.#tables;
      const known = rates.account();
      const changed = { disabled: disabled ?? known.disabled, limits: { ...known.limits, ...limits } };
      rates.configureAccount(changed);
      alertBudget(this.#tables, store.head()!.balances.held, false, nowMs);
      return { kind: "configured" };
    });
  }

  configureKey({ account, apiKey, disabled, limits = {} }: KeyChange, nowMs: number): ConfigureAnswer {
    const param = invalidLimit(limits, true);
    if (param !== null) return { kind: "refused", why: "invalid_limit", param };
    return this.#made(account, nowMs, () => {
      const known = this.#tables.rates.key(apiKey);
      this.#tables.rates.configureKey(apiKey, {
        disabled: disabled ?? known.disabled,
        limits: { ...known.limits, ...limits },
      });
      return { kind: "configured" };
    });
  }

  /** Null where nothing was ever granted or configured. */
  state(nowMs: number): AccountState | null {
    const head = this.#tables.store.head();
    return head && stateOfAccount(this.#tables, head, nowMs);
  }

  /** Rows after `seq` that are not sealed, at most 5,000. */
  entries(seq: number, limit: number): Row[] {
    if (!this.#tables.store.head()) return [];
    return this.#tables.store.entries(seq, Math.min(limit, MOST_ROWS));
  }

  /** Settlements and refunds posted in [fromMs, toMs) that are not sealed, after `seq`, at most 5,000. */
  settled(fromMs: number, toMs: number, seq: number, limit: number): SettledRow[] {
    if (!this.#tables.store.head()) return [];
    return this.#tables.store.charges(fromMs, toMs, seq, Math.min(limit, MOST_ROWS)).map(settledRowOf);
  }

  /** Generations, the newest first, after the one named. */
  generations(before: string | null, limit: number): ListedHold[] {
    return this.#tables.store.head() ? this.#tables.holds.list(before, limit) : [];
  }

  /** How many event streams a key may have open. */
  streamLimit(apiKey: string): number {
    return this.#tables.store.head() ? this.#tables.rates.streams(apiKey) : NEW_ACCOUNT.limits.streams;
  }

  /** Remembers a request that was refused before it came here, so that its retry is taken for that one's. */
  rebuff(request: string, apiKey: string, bodySha256: string, nowMs: number): void {
    if (this.#tables.store.head()) this.#tables.holds.rebuff(request, apiKey, bodySha256, nowMs);
  }

  /** Puts off the holds that have expired, and names them with their account. */
  extendExpired(nowMs: number): { account: string; generation: string }[] {
    const head = this.#tables.store.head();
    if (!head) return [];
    return this.#storage.transactionSync(() =>
      this.#tables.holds
        .extendExpired(nowMs, this.#expiry(nowMs, EXTENDED_MS))
        .map(({ generation }) => ({ account: head.account, generation })),
    );
  }

  /** Events that are to be published now. */
  dueEvents(nowMs: number, limit: number): { seq: number; event: LedgerEvent }[] {
    return this.#tables.store.head() ? this.#tables.outbox.due(nowMs, limit) : [];
  }

  forgetEvents(seqs: readonly number[]): void {
    this.#tables.outbox.forget(seqs);
  }

  /** None of the events that are due could be published. */
  postponeEvents(nowMs: number): void {
    this.#tables.outbox.postpone(nowMs);
  }

  /** Forgets a generation's prompt; again is as once. */
  forgetPrompt(account: string, generation: string): void {
    this.#existing(account, undefined, () => this.#tables.holds.forgetPrompt(generation));
  }

  /** Forgets what nobody may ask for any more. */
  prune(nowMs: number): void {
    if (this.#tables.store.head()) this.#storage.transactionSync(() => this.#tables.holds.prune(nowMs));
  }

  /** When the alarm has something to do, or null. */
  nextDueMs(): number | null {
    const head = this.#tables.store.head();
    if (!head) return null;
    const { expiresMs, endedMs } = this.#tables.holds.nextDue();
    const pruneMs = endedMs === null ? null : endedMs + KEPT_MS + PRUNE_SLACK_MS;
    const sealMs = this.#tables.segments.nextDueMs(head, this.#sealRows);
    const dues = [expiresMs, pruneMs, sealMs, this.#tables.outbox.nextDueMs()].filter((due) => due !== null);
    return dues.length === 0 ? null : Math.min(...dues);
  }

  #expiry(nowMs: number, afterMs: number): number {
    return nowMs + Math.ceil(afterMs / this.#haste);
  }

  /** In a transaction on an account that exists, or what is said of one that does not. */
  #existing<Answer>(account: string, none: Answer, act: (head: Head) => Answer): Answer {
    return this.#transact(() => {
      const head = this.#tables.store.head();
      if (!head) return none;
      checkAccount(head, account);
      return act(head);
    });
  }

  /** In a transaction on an account that is made where there is none. */
  #made<Answer>(account: string, nowMs: number, act: () => Answer): Answer {
    return this.#transact(() => {
      const head = this.#tables.store.head();
      if (head) checkAccount(head, account);
      else this.#tables.store.create(account, nowMs);
      return act();
    });
  }

  /** What is kept in memory may be of a transaction that came to nothing, so it goes with it. */
  #transact<Answer>(act: () => Answer): Answer {
    try {
      return this.#storage.transactionSync(act);
    } catch (error) {
      this.#tables.rates.forget();
      this.#tables.store.forget();
      throw error;
    }
  }
}

/** One object serves one account: anything else is wired wrongly and must not touch its money. */
function checkAccount(head: Head, account: string): void {
  if (head.account !== account) throw new Error(`ledger of ${head.account}: not ${account}'s`);
}
