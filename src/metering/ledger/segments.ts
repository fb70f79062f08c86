/** What the ledger knows of its sealed segments: which rows went where, and how far a sealing has come. */
import { nextMonthMs } from "./budget.ts";
import { genesis } from "./chain.ts";
import { type Part, type Stand, standAfter } from "./segment.ts";
import type { Head, Sql, Store } from "./store.ts";

/** Rows after which a chain is sealed, month's end or not. */
export const SEAL_ROWS = 500_000;

export const SEGMENT_TABLES = `
  CREATE TABLE IF NOT EXISTS seals (segment INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, state TEXT NOT NULL,
    due_ms INTEGER NOT NULL, tries INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS parts (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, segment INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, hash TEXT NOT NULL, granted INTEGER NOT NULL,
    available INTEGER NOT NULL, held INTEGER NOT NULL, charged INTEGER NOT NULL);
`;

/** A sealing that is not done with. */
export interface Sealing {
  readonly segment: number;
  readonly lastSeq: number;
  /** `writing`: its parts go to R2; `sealed`: they are all there and answer for its rows, which are taken away. */
  readonly state: "writing" | "sealed";
  readonly dueMs: number;
}

/** Where a part lies, and what must be found at its end. */
export interface PartAddress {
  readonly segment: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstMs: number;
  readonly hash: string;
}

const FIRST_RETRY_MS = 10_000;
const LAST_RETRY_MS = 60 * 60_000;
/** Ledgers do not all wake in a month's first second. */
const SPREAD_MS = 6 * 60 * 60_000;

const ADDRESS = "segment, first_seq AS firstSeq, last_seq AS lastSeq, first_ms AS firstMs, hash";

/** Reads and writes; each method is one synchronous turn. */
export class Segments {
  readonly #sql: Sql;
  readonly #store: Store;

  constructor(sql: Sql, store: Store) {
    this.#sql = sql;
    this.#store = store;
  }

  /** The sealing that is under way, or else one that is due now, which is then under way; or null. */
  begin(head: Head, most: number, nowMs: number): Sealing | null {
    const current = this.#current();
    if (current) return current.dueMs <= nowMs ? current : null;
    const lastSeq = this.#due(head, most, nowMs);
    if (lastSeq === null) return null;
    this.#sql.exec(
      "INSERT INTO seals SELECT ifnull(max(segment), 0) + 1, ?, 'writing', ?, 0 FROM seals",
      lastSeq,
      nowMs,
    );
    return this.#current();
  }

  /** The rows that are to be written next, of a segment that is being written; null: they all are. */
  nextPart({ segment, lastSeq }: Sealing, account: string, most: number): Part | null {
    const begins = this.#stand(account);
    if (begins.seq >= lastSeq) return null;
    const rows = this.#store.entries(begins.seq, Math.min(most, lastSeq - begins.seq));
    const ends = standAfter(begins, rows);
    return { account, segment, begins, rows, ends, last: ends.seq === lastSeq };
  }

  /** Notes that a part is in R2; noted again, it is the same part. */
  add({ segment, begins, rows, ends }: Part): void {
    const { granted, available, held, charged } = ends.balances;
    this.#sql.exec(
      "INSERT OR IGNORE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ...[begins.seq + 1, ends.seq, segment, rows[0]!.atMs, ends.atMs, ends.hash],
      ...[granted, available, held, charged],
    );
  }

  /** From now on the parts answer for the segment's rows. */
  seal({ segment }: Sealing): void {
    this.#sql.exec("UPDATE seals SET state = 'sealed', tries = 0 WHERE segment = ?", segment);
  }

  /**
   * Takes away some sealed rows; false: there are no more, and the sealing is done with. Rows of grants and refunds
   * stay, because their keys must be known for ever: they are few.
   */
  clear({ segment, lastSeq }: Sealing, most: number): boolean {
    const cleared = this.#sql
      .exec(
        `DELETE FROM rows WHERE seq IN (SELECT seq FROM rows WHERE seq <= ? AND kind NOT IN ('grant', 'adjust')
          ORDER BY seq LIMIT ?) RETURNING seq`,
        lastSeq,
        most,
      )
      .toArray().length;
    if (cleared > 0) return true;
    this.#sql.exec("UPDATE seals SET state = 'done' WHERE segment = ?", segment);
    return false;
  }

  /** It failed, and is tried again later, each time later still. */
  postpone({ segment }: Sealing, nowMs: number): void {
    this.#sql.exec(
      "UPDATE seals SET due_ms = ? + min(? << min(tries, 20), ?), tries = tries + 1 WHERE segment = ?",
      ...[nowMs, FIRST_RETRY_MS, LAST_RETRY_MS, segment],
    );
  }

  /** When there is something to seal; null: nothing was posted since the last seal. */
  nextDueMs(head: Head, most: number): number | null {
    const current = this.#current();
    if (current) return current.dueMs;
    const sealed = this.#store.sealedSeq();
    if (head.seq - sealed >= most) return head.atMs;
    const oldestMs = this.#store.entries(sealed, 1)[0]?.atMs;
    if (oldestMs === undefined) return null;
    const spread = Number.parseInt(genesis(head.account).hash.slice(0, 8), 16) % SPREAD_MS;
    return nextMonthMs(oldestMs) + spread;
  }

  /** The first part that has sealed rows after `seq`, of this time or later. */
  partAfter(seq: number, fromMs: number): PartAddress | null {
    return (
      this.#sql
        .exec<{ [Field in keyof PartAddress]: PartAddress[Field] }>(
          `SELECT ${ADDRESS} FROM parts WHERE last_seq > ? AND last_seq <= ? AND last_ms >= ? ORDER BY first_seq LIMIT 1`,
          ...[seq, this.#store.sealedSeq(), fromMs],
        )
        .toArray()[0] ?? null
    );
  }

  #current(): Sealing | null {
    return (
      this.#sql
        .exec<{ [Field in keyof Sealing]: Sealing[Field] }>(
          `SELECT segment, last_seq AS lastSeq, state, due_ms AS dueMs FROM seals WHERE state <> 'done'
            ORDER BY segment LIMIT 1`,
        )
        .toArray()[0] ?? null
    );
  }

  /** The last row of the segment that is due: the month's last one, or the one that fills it; or null. */
  #due(head: Head, most: number, nowMs: number): number | null {
    const sealed = this.#store.sealedSeq();
    const oldest = this.#store.entries(sealed, 1)[0];
    if (!oldest) return null;
    const full = head.seq - sealed >= most ? sealed + most : null;
    const endMs = nextMonthMs(oldest.atMs);
    const ofMonth = nowMs >= endMs ? this.#store.lastBefore(endMs) : null;
    return full === null || ofMonth === null ? (full ?? ofMonth) : Math.min(full, ofMonth);
  }

  /** Where the chain stood after the last part that was written. */
  #stand(account: string): Stand {
    const row = this.#sql
      .exec<Record<"seq" | "atMs" | "granted" | "available" | "held" | "charged", number> & { hash: string }>(
        `SELECT last_seq AS seq, hash, last_ms AS atMs, granted, available, held, charged FROM parts
          ORDER BY first_seq DESC LIMIT 1`,
      )
      .toArray()[0];
    const { seq, hash, atMs, ...rest } = row ?? genesis(account);
    const balances = "balances" in rest ? rest.balances : rest;
    return { seq, hash, atMs, balances };
  }
}
