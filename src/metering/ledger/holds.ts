/** Holds, live and ended: what a retry may join, what expires, and what was refused a moment ago. */
import type { EndReason, HoldRequest, Limits, SettledUsage } from "../hold.ts";
import type { Sql } from "./store.ts";
import type { Held } from "./transfer.ts";

/** A hold may be joined by its idempotency key, or its plan be asked for again, this long after its end. */
export const KEPT_MS = 24 * 60 * 60_000;
/** A client's own retry joins what is at most this old. */
const RETRY_MS = 10 * 60_000;
/** A retry that comes this soon after a refusal or failure is that one's. */
const REBUFF_MS = 60_000;

/** Sorts after any generation's id. */
const AFTER_ALL_IDS = "~";

export interface Hold {
  readonly generation: string;
  readonly apiKey: string;
  readonly project: string;
  readonly model: string;
  readonly amount: number;
  readonly bodySha256: string;
  /** Null a day after its end. */
  readonly plan: string | null;
  readonly idempotencyKey: string | null;
  /** The first answer's limits, as JSON. */
  readonly limits: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly endedMs: number | null;
  readonly reason: EndReason | null;
  readonly charge: number;
  readonly refunded: number;
  readonly pictures: number;
  /** What was delivered, as JSON; null before the end and where nothing was charged. */
  readonly usage: string | null;
}

export type LiveHold = Pick<Hold, "generation" | "apiKey" | "amount" | "createdMs" | "expiresMs">;

/** One entry of the account's list of generations. */
export type ListedHold = Pick<
  Hold,
  | "generation"
  | "apiKey"
  | "project"
  | "model"
  | "amount"
  | "createdMs"
  | "endedMs"
  | "reason"
  | "charge"
  | "refunded"
  | "pictures"
>;

/** What live holds amount to. */
export interface Load {
  readonly holds: number;
  /** Micro-credits. */
  readonly amount: number;
}

const COLUMNS = `generation, api_key AS apiKey, project, model, amount, body_sha256 AS bodySha256, plan,
  idempotency_key AS idempotencyKey, limits, created_ms AS createdMs, expires_ms AS expiresMs, ended_ms AS endedMs,
  reason, charge, refunded, pictures, usage`;

type HoldColumns = { [Field in keyof Hold]: Hold[Field] };

/** What the books know of a hold. */
export function heldOf({ amount, endedMs, charge, refunded }: Hold): Held {
  return { amount, ended: endedMs !== null, charge, refunded };
}

/** Reads and writes holds; each method is one synchronous turn, to be called within a transaction. */
export class Holds {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  find(generation: string): Hold | null {
    return this.#select("WHERE generation = ?", generation)[0] ?? null;
  }

  add(request: HoldRequest, limits: Limits, nowMs: number, expiresMs: number): void {
    const { generation, apiKey, project, model, amount, bodySha256, plan, idempotencyKey, pictures } =
      request;
    this.#sql.exec(
      "INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, NULL, 0, 0, ?, NULL)",
      ...[generation, apiKey, project, model, amount, bodySha256, plan, idempotencyKey],
      ...[JSON.stringify(limits), nowMs, expiresMs, pictures],
    );
  }

  end(
    generation: string,
    reason: EndReason,
    charge: number,
    usage: SettledUsage | null,
    nowMs: number,
  ): void {
    this.#sql.exec(
      "UPDATE holds SET ended_ms = ?, reason = ?, charge = ?, usage = ? WHERE generation = ?",
      ...[nowMs, reason, charge, usage && JSON.stringify(usage), generation],
    );
  }

  refund(generation: string, refunded: number): void {
    this.#sql.exec("UPDATE holds SET refunded = ? WHERE generation = ?", refunded, generation);
  }

  /** Holds that have not ended, oldest first. */
  live(): LiveHold[] {
    return this.#sql
      .exec<{ [Field in keyof LiveHold]: LiveHold[Field] }>(
        `SELECT generation, api_key AS apiKey, amount, created_ms AS createdMs, expires_ms AS expiresMs FROM holds
          WHERE ended_ms IS NULL ORDER BY created_ms, generation`,
      )
      .toArray();
  }

  /**
   * Generations, the newest first: an id begins with its time. What was never started is none.
   * @param before the id that the list goes on after; null: from the newest.
   */
  list(before: string | null, limit: number): ListedHold[] {
    return this.#sql
      .exec<{ [Field in keyof ListedHold]: ListedHold[Field] }>(
        `SELECT generation, api_key AS apiKey, project, model, amount, created_ms AS createdMs, ended_ms AS endedMs,
          reason, charge, refunded, pictures
          FROM holds WHERE generation < ? AND reason IS NOT 'void' ORDER BY generation DESC LIMIT ?`,
        before ?? AFTER_ALL_IDS,
        limit,
      )
      .toArray();
  }

  /** How many holds of the account and of one key are live, and what they hold. */
  load(apiKey: string): Record<"account" | "key", Load> {
    const sums = this.#sql
      .exec<{ n: number; amount: number; keyN: number; keyAmount: number }>(
        `SELECT count(*) AS n, ifnull(sum(amount), 0) AS amount, ifnull(sum(api_key = ?1), 0) AS keyN,
          ifnull(sum(iif(api_key = ?1, amount, 0)), 0) AS keyAmount FROM holds WHERE ended_ms IS NULL`,
        apiKey,
      )
      .one();
    return {
      account: { holds: sums.n, amount: sums.amount },
      key: { holds: sums.keyN, amount: sums.keyAmount },
    };
  }

  /** Puts off all holds that have expired, and returns them. */
  extendExpired(nowMs: number, untilMs: number): Hold[] {
    const expired = this.#select("WHERE ended_ms IS NULL AND expires_ms <= ?", nowMs);
    this.#sql.exec(
      "UPDATE holds SET expires_ms = ? WHERE ended_ms IS NULL AND expires_ms <= ?",
      untilMs,
      nowMs,
    );
    return expired;
  }

  /** The generation that an idempotency key stands for: live, or delivered within a day. */
  ofIdempotencyKey(key: string, nowMs: number): Hold | null {
    const found = this.#select(
      `WHERE idempotency_key = ? AND plan IS NOT NULL AND (ended_ms IS NULL OR
        (reason IN ('completed', 'cancelled') AND ended_ms > ?))`,
      key,
      nowMs - KEPT_MS,
    );
    return found[0] ?? null;
  }

  /** What a client's own retry may join, oldest first: live or completed, and taken by no retry as late as this. */
  joinable({ generation, apiKey, bodySha256, retryCount }: HoldRequest, nowMs: number): Hold[] {
    return this.#select(
      `WHERE body_sha256 = ? AND api_key = ? AND created_ms > ? AND idempotency_key IS NULL AND plan IS NOT NULL
        AND (reason IS NULL OR reason = 'completed') AND taken < ? AND generation <> ? ORDER BY created_ms, generation`,
      ...[bodySha256, apiKey, nowMs - RETRY_MS, retryCount, generation],
    );
  }

  /** Remembers that a request was answered with another's generation, which no other retry of its count may take. */
  join({ generation, retryCount }: HoldRequest, joined: string, limits: Limits, nowMs: number): void {
    this.#sql.exec("UPDATE holds SET taken = max(taken, ?) WHERE generation = ?", retryCount, joined);
    this.#sql.exec(
      "INSERT OR REPLACE INTO joins VALUES (?, ?, ?, ?)",
      generation,
      joined,
      JSON.stringify(limits),
      nowMs,
    );
  }

  /** What a request under this id was answered with before. */
  joined(generation: string): { hold: Hold; limits: string } | null {
    const row = this.#sql
      .exec<{ joined: string; limits: string }>(
        "SELECT joined, limits FROM joins WHERE generation = ?",
        generation,
      )
      .toArray()[0];
    return row ? { hold: this.find(row.joined)!, limits: row.limits } : null;
  }

  /** Remembers a request that its client was told to send again. */
  rebuff(generation: string, apiKey: string, bodySha256: string, nowMs: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO rebuffs VALUES (?, ?, ?, ?, NULL)",
      ...[generation, apiKey, bodySha256, nowMs],
    );
  }

  /** Whether this retry follows such a rebuff, which it then uses up: asked again under the same id, it is the same. */
  followRebuff({ generation, apiKey, bodySha256 }: HoldRequest, nowMs: number): boolean {
    const found = this.#sql
      .exec<{ generation: string }>(
        `SELECT generation FROM rebuffs WHERE used_by = ? OR (used_by IS NULL AND api_key = ? AND body_sha256 = ?
          AND at_ms > ? AND generation <> ?) ORDER BY used_by IS NULL, at_ms LIMIT 1`,
        ...[generation, apiKey, bodySha256, nowMs - REBUFF_MS, generation],
      )
      .toArray()[0];
    if (!found) return false;
    this.#sql.exec("UPDATE rebuffs SET used_by = ? WHERE generation = ?", generation, found.generation);
    return true;
  }

  /** The request has found its place after all, so its rebuff never reached the client. */
  forgiveRebuff(generation: string): void {
    this.#sql.exec("DELETE FROM rebuffs WHERE generation = ?", generation);
  }

  /** Forgets what a generation was to show; what else was agreed stays, so that a retry finds it deleted. */
  forgetPrompt(generation: string): void {
    this.#sql.exec(
      "UPDATE holds SET plan = json_remove(plan, '$.condition') WHERE generation = ?",
      generation,
    );
  }

  /** Forgets plans, joins and rebuffs that nobody may ask for any more. */
  prune(nowMs: number): void {
    this.#sql.exec("UPDATE holds SET plan = NULL WHERE plan IS NOT NULL AND ended_ms <= ?", nowMs - KEPT_MS);
    this.#sql.exec("DELETE FROM joins WHERE at_ms <= ?", nowMs - KEPT_MS);
    this.#sql.exec("DELETE FROM rebuffs WHERE at_ms <= ?", nowMs - REBUFF_MS);
  }

  /** When the next hold expires, and when the oldest kept plan ended. */
  nextDue(): { expiresMs: number | null; endedMs: number | null } {
    return this.#sql
      .exec<{ expiresMs: number | null; endedMs: number | null }>(
        `SELECT (SELECT min(expires_ms) FROM holds WHERE ended_ms IS NULL) AS expiresMs,
          (SELECT min(ended_ms) FROM holds WHERE plan IS NOT NULL) AS endedMs`,
      )
      .one();
  }

  #select(where: string, ...bindings: (string | number)[]): Hold[] {
    return this.#sql.exec<HoldColumns>(`SELECT ${COLUMNS} FROM holds ${where}`, ...bindings).toArray();
  }
}
