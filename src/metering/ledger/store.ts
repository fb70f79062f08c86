/** The object's SQLite: its tables, and the chain of rows with the balances they come to. */
import { genesis, type Row, sealRow } from "./chain.ts";
import { SEGMENT_TABLES } from "./segments.ts";
import { type Amounts, add, type Held, post, type Transfer, type TransferRefusal } from "./transfer.ts";

/** What the tables need of an object's storage. */
export type Sql = Pick<SqlStorage, "exec">;

const TABLES = `
  CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 0), account TEXT NOT NULL, seq INTEGER NOT NULL,
    hash TEXT NOT NULL, at_ms INTEGER NOT NULL, granted INTEGER NOT NULL, available INTEGER NOT NULL CHECK (available >= 0),
    held INTEGER NOT NULL CHECK (held >= 0), charged INTEGER NOT NULL CHECK (charged >= 0));
  CREATE TABLE rows (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, generation TEXT,
    at_ms INTEGER NOT NULL, granted INTEGER NOT NULL, available INTEGER NOT NULL, held INTEGER NOT NULL,
    charged INTEGER NOT NULL, note TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL);
  CREATE INDEX rows_by_time ON rows (at_ms);
  CREATE TABLE holds (generation TEXT PRIMARY KEY, api_key TEXT NOT NULL, project TEXT NOT NULL, model TEXT NOT NULL,
    amount INTEGER NOT NULL, body_sha256 TEXT NOT NULL, plan TEXT, idempotency_key TEXT, limits TEXT NOT NULL,
    created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, taken INTEGER NOT NULL, ended_ms INTEGER, reason TEXT,
    charge INTEGER NOT NULL, refunded INTEGER NOT NULL,
    pictures INTEGER NOT NULL, usage TEXT);
  CREATE INDEX holds_live ON holds (expires_ms, api_key, amount) WHERE ended_ms IS NULL;
  CREATE INDEX holds_kept ON holds (ended_ms) WHERE plan IS NOT NULL;
  CREATE INDEX holds_by_idempotency ON holds (idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE INDEX holds_by_body ON holds (body_sha256, api_key, created_ms);
  CREATE TABLE joins (generation TEXT PRIMARY KEY, joined TEXT NOT NULL, limits TEXT NOT NULL, at_ms INTEGER NOT NULL);
  CREATE TABLE rebuffs (generation TEXT PRIMARY KEY, api_key TEXT NOT NULL, body_sha256 TEXT NOT NULL,
    at_ms INTEGER NOT NULL, used_by TEXT);
  CREATE TABLE settings (scope TEXT PRIMARY KEY, settings TEXT NOT NULL);
  CREATE TABLE buckets (scope TEXT NOT NULL, kind TEXT NOT NULL, level INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, kind));
  CREATE TABLE spent (month TEXT NOT NULL, scope TEXT NOT NULL, charged INTEGER NOT NULL, PRIMARY KEY (month, scope));
  CREATE TABLE alerts (month TEXT NOT NULL, percent INTEGER NOT NULL, at_ms INTEGER NOT NULL, spent INTEGER NOT NULL,
    budget INTEGER NOT NULL, PRIMARY KEY (month, percent));
  CREATE TABLE outbox (seq INTEGER PRIMARY KEY, event TEXT NOT NULL, due_ms INTEGER NOT NULL, tries INTEGER NOT NULL);
`;

/** Where the chain stands. */
export interface Head {
  readonly account: string;
  readonly seq: number;
  readonly hash: string;
  readonly atMs: number;
  readonly balances: Amounts;
}

export type Posted =
  | { readonly kind: "posted"; readonly row: Row; readonly held: Held | null }
  | { readonly kind: "refused"; readonly why: TransferRefusal };

type AmountColumns = { granted: number; available: number; held: number; charged: number };
type HeadColumns = AmountColumns & { account: string; seq: number; hash: string; at_ms: number };
type RowColumns = AmountColumns & {
  seq: number;
  key: string;
  kind: Row["kind"];
  generation: string | null;
  at_ms: number;
  note: string;
  previous: string;
  hash: string;
};

/** Reads and writes the chain; each method is one synchronous turn, to be called within a transaction. */
export class Store {
  readonly #sql: Sql;
  /** Once there are tables they stay, unless the transaction that makes them comes to nothing. */
  #exists = false;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Whether there are tables is looked up anew. */
  forget(): void {
    this.#exists = false;
  }

  /** Makes the tables of an account that has none. */
  create(account: string, nowMs: number): void {
    this.#sql.exec(TABLES);
    this.#sql.exec(SEGMENT_TABLES);
    const { hash } = genesis(account);
    this.#sql.exec("INSERT INTO head VALUES (0, ?, 0, ?, ?, 0, 0, 0, 0)", account, hash, nowMs);
  }

  /** Null where nothing was ever written. */
  head(): Head | null {
    this.#exists ||= this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'head'").toArray().length > 0;
    const row = this.#exists ? this.#sql.exec<HeadColumns>("SELECT * FROM head").one() : null;
    if (!row) return null;
    const { account, seq, hash, at_ms, granted, available, held, charged } = row;
    return { account, seq, hash, atMs: at_ms, balances: { granted, available, held, charged } };
  }

  /**
   * Posts a transfer as the next row of the chain.
   * @param key must be new: who posts looks for it first.
   * @param held what the books know of the generation, for the transfer's own rules.
   */
  post(
    key: string,
    generation: string | null,
    held: Held | null,
    transfer: Transfer,
    note: object,
    nowMs: number,
  ): Posted {
    const head = this.head()!;
    const posting = post(head.balances, held, transfer);
    if (posting.kind === "refused") return posting;
    const row = sealRow({
      seq: head.seq + 1,
      key,
      kind: transfer.kind,
      generation,
      // A clock that goes back does not turn the chain round.
      atMs: Math.max(nowMs, head.atMs),
      legs: posting.legs,
      note: JSON.stringify(note),
      previous: head.hash,
    });
    this.#append(row, add(head.balances, posting.legs));
    return { kind: "posted", row, held: posting.held };
  }

  find(key: string): Row | null {
    const row = this.#sql.exec<RowColumns>("SELECT * FROM rows WHERE key = ?", key).toArray()[0];
    return row ? rowOf(row) : null;
  }

  /** The last row of the sealed segments, which answer for it and all before; 0: nothing is sealed. */
  sealedSeq(): number {
    return this.#sql
      .exec<{ seq: number }>("SELECT ifnull(max(last_seq), 0) AS seq FROM seals WHERE state <> 'writing'")
      .one().seq;
  }

  /** The last row posted before a moment, which somebody knows to exist. */
  lastBefore(ms: number): number {
    return this.#sql.exec<{ seq: number }>("SELECT max(seq) AS seq FROM rows WHERE at_ms < ?", ms).one().seq;
  }

  /** Rows after `seq` that are not sealed, in order. */
  entries(seq: number, limit: number): Row[] {
    const after = Math.max(seq, this.sealedSeq());
    return this.#sql
      .exec<RowColumns>("SELECT * FROM rows WHERE seq > ? ORDER BY seq LIMIT ?", after, limit)
      .toArray()
      .map(rowOf);
  }

  /** Settlements and refunds posted in [fromMs, toMs) that are not sealed, after `seq`, in order. */
  charges(fromMs: number, toMs: number, seq: number, limit: number): Row[] {
    const after = Math.max(seq, this.sealedSeq());
    return this.#sql
      .exec<RowColumns>(
        `SELECT * FROM rows WHERE at_ms >= max(?, ifnull((SELECT at_ms FROM rows WHERE seq = ?), 0)) AND at_ms < ?
          AND seq > ? AND kind IN ('settle', 'adjust') ORDER BY at_ms, seq LIMIT ?`,
        ...[fromMs, after, toMs, after, limit],
      )
      .toArray()
      .map(rowOf);
  }

  #append(row: Row, balances: Amounts): void {
    const { seq, key, kind, generation, atMs, legs, note, previous, hash } = row;
    this.#sql.exec(
      "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ...[seq, key, kind, generation, atMs, legs.granted, legs.available, legs.held, legs.charged],
      ...[note, previous, hash],
    );
    this.#sql.exec(
      "UPDATE head SET seq = ?, hash = ?, at_ms = ?, granted = ?, available = ?, held = ?, charged = ?",
      ...[seq, hash, atMs, balances.granted, balances.available, balances.held, balances.charged],
    );
  }
}

function rowOf({ at_ms, granted, available, held, charged, ...rest }: RowColumns): Row {
  return { ...rest, atMs: at_ms, legs: { granted, available, held, charged } };
}
