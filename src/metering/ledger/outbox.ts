/** Events on their way: written with what they tell of, sent until they were taken, then forgotten. */
import type { LedgerEvent } from "./events.ts";
import type { Sql } from "./store.ts";

/** The alarm waits so long for more events, and sends all there are by then. */
export const GATHER_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 5 * 60_000;

/** Reads and writes events that nobody has taken yet; each method is one synchronous turn. */
export class Outbox {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  add(event: LedgerEvent, nowMs: number): void {
    this.#sql.exec("INSERT INTO outbox VALUES (NULL, ?, ?, 0)", JSON.stringify(event), nowMs + GATHER_MS);
  }

  /** Events that are due, or so soon that they go with them, in order. */
  due(nowMs: number, limit: number): { seq: number; event: LedgerEvent }[] {
    return this.#sql
      .exec<{ seq: number; event: string }>(
        "SELECT seq, event FROM outbox WHERE due_ms <= ? ORDER BY seq LIMIT ?",
        nowMs + GATHER_MS,
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
      ...[nowMs, FIRST_RETRY_MS, LAST_RETRY_MS, nowMs + GATHER_MS],
    );
  }

  nextDueMs(): number | null {
    return this.#sql.exec<{ due: number | null }>("SELECT min(due_ms) AS due FROM outbox").one().due;
  }
}
