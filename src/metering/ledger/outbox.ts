/** Events on their way: written with what they tell of, sent until they were taken, then forgotten. */
import type { EndReason, SettledUsage } from "../hold.ts";
import type { Alert } from "./budget.ts";
import type { Sql } from "./store.ts";

/** What happened to a generation's money; the same id always says the same. */
interface Posted {
  /** `<account>:<sequence of the row>`. */
  readonly id: string;
  readonly account: string;
  readonly generation: string;
  readonly atMs: number;
  readonly apiKey: string;
  readonly project: string;
  readonly model: string;
}

/** What one generation was charged for. */
export interface UsageEvent extends Posted {
  readonly kind: "settled";
  readonly reason: EndReason;
  /** Micro-credits. */
  readonly charge: number;
  readonly usage: SettledUsage;
}

/** A part of a charge was given back. */
export interface RefundEvent extends Posted {
  readonly kind: "refunded";
  /** Micro-credits, below zero. */
  readonly charge: number;
}

/** A hold was given back whole. */
export interface ReleaseEvent extends Posted {
  readonly kind: "released";
  readonly reason: EndReason;
}

/** A threshold of the monthly budget was passed; told once a month and threshold. */
export interface BudgetEvent extends Alert {
  readonly kind: "budget";
  /** `<account>:budget:<month>:<percent>`. */
  readonly id: string;
  readonly account: string;
}

export type LedgerEvent = UsageEvent | RefundEvent | ReleaseEvent | BudgetEvent;

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 5 * 60_000;

/** Reads and writes events that nobody has taken yet; each method is one synchronous turn. */
export class Outbox {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  add(event: LedgerEvent, nowMs: number): void {
    this.#sql.exec("INSERT INTO outbox VALUES (NULL, ?, ?, 0)", JSON.stringify(event), nowMs);
  }

  /** Events that are due, in order. */
  due(nowMs: number, limit: number): { seq: number; event: LedgerEvent }[] {
    return this.#sql
      .exec<{ seq: number; event: string }>(
        "SELECT seq, event FROM outbox WHERE due_ms <= ? ORDER BY seq LIMIT ?",
        nowMs,
        limit,
      )
      .toArray()
      .map(({ seq, event }) => ({ seq, event: JSON.parse(event) as LedgerEvent }));
  }

  forget(seqs: readonly number[]): void {
    this.#sql.exec(`DELETE FROM outbox WHERE seq IN (${seqs.join(", ")})`);
  }

  /** Tries all that are due again later, and each time later still. */
  postpone(nowMs: number): void {
    this.#sql.exec(
      "UPDATE outbox SET due_ms = ? + min(? << min(tries, 20), ?), tries = tries + 1 WHERE due_ms <= ?",
      ...[nowMs, FIRST_RETRY_MS, LAST_RETRY_MS, nowMs],
    );
  }

  nextDueMs(): number | null {
    return this.#sql.exec<{ due: number | null }>("SELECT min(due_ms) AS due FROM outbox").one().due;
  }
}
