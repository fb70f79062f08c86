/** Webhooks in D1: who wants to be told of what, and where. */
import type { WebhookType } from "./message.ts";

export interface Webhook {
  readonly id: string;
  readonly account: string;
  readonly url: string;
  readonly events: readonly WebhookType[];
  readonly createdMs: number;
}

interface WebhookRow {
  id: string;
  account: string;
  url: string;
  events: string;
  created_ms: number;
}

/** Reads and writes rows; rejects where the database does not answer. */
export class WebhookStore {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** Adds one, unless the account has that many already. */
  async add({ id, account, url, events, createdMs }: Webhook, most: number): Promise<boolean> {
    const { meta } = await this.#db
      .prepare(
        `INSERT INTO webhooks SELECT ?1, ?2, ?3, ?4, ?5
          WHERE (SELECT count(*) FROM webhooks WHERE account = ?2) < ?6`,
      )
      .bind(id, account, url, JSON.stringify(events), createdMs, most)
      .run();
    return meta.changes === 1;
  }

  /** The oldest first. */
  async list(account: string): Promise<Webhook[]> {
    return this.#select("WHERE account = ? ORDER BY created_ms, id", account);
  }

  async find(id: string): Promise<Webhook | null> {
    return (await this.#select("WHERE id = ?", id))[0] ?? null;
  }

  /** Those of any of these accounts, at most a hundred, which is as many values as D1 binds. */
  async ofAccounts(accounts: readonly string[]): Promise<Webhook[]> {
    if (accounts.length === 0) return [];
    return this.#select(`WHERE account IN (${accounts.map(() => "?").join(", ")})`, ...accounts);
  }

  /** Whether there was such a one of this account. */
  async remove(account: string, id: string): Promise<boolean> {
    const { meta } = await this.#db
      .prepare("DELETE FROM webhooks WHERE account = ? AND id = ?")
      .bind(account, id)
      .run();
    return meta.changes === 1;
  }

  /** Counts one more challenge of a day, and says how many that makes; forgets the days before. */
  async countChallenge(account: string, day: string): Promise<number> {
    const [, counted] = await this.#db.batch<{ asked: number }>([
      this.#db.prepare("DELETE FROM webhook_challenges WHERE account = ? AND day < ?").bind(account, day),
      this.#db
        .prepare(
          `INSERT INTO webhook_challenges VALUES (?, ?, 1)
            ON CONFLICT (account, day) DO UPDATE SET asked = asked + 1 RETURNING asked`,
        )
        .bind(account, day),
    ]);
    return counted!.results[0]!.asked;
  }

  async #select(where: string, ...values: string[]): Promise<Webhook[]> {
    const { results } = await this.#db
      .prepare(`SELECT * FROM webhooks ${where}`)
      .bind(...values)
      .all<WebhookRow>();
    return results.map(({ id, account, url, events, created_ms }) => ({
      ...{ id, account, url, createdMs: created_ms },
      events: JSON.parse(events) as WebhookType[],
    }));
  }
}
