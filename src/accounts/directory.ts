/** Accounts, projects and keys in D1: look-ups, lists and writes. */
import type { Account, ApiKey, KeyChanges, Page, PageRequest, Project } from "./records.ts";
import {
  type AccountRow,
  accountOf,
  type KeyRow,
  keyOf,
  type ProjectRow,
  projectOf,
  valuesOf,
} from "./rows.ts";

const INSERT_KEY = `INSERT INTO api_keys
  (id, hash, account, project, name, prefix, scopes, models, limits, created_ms, expires_ms, disabled_ms, replaced_by)
  SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?`;

export class Directory {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** The key with this hash, whatever its state. */
  async findKey(hash: string): Promise<ApiKey | null> {
    const row = await this.#db.prepare("SELECT * FROM api_keys WHERE hash = ?").bind(hash).first<KeyRow>();
    return row && keyOf(row);
  }

  /** A key of this account; another account's is unknown to it. */
  async key(account: string, id: string): Promise<ApiKey | null> {
    const row = await this.#db
      .prepare("SELECT * FROM api_keys WHERE id = ? AND account = ?")
      .bind(id, account)
      .first<KeyRow>();
    return row && keyOf(row);
  }

  async account(id: string): Promise<Account | null> {
    const row = await this.#db.prepare("SELECT * FROM accounts WHERE id = ?").bind(id).first<AccountRow>();
    return row && accountOf(row);
  }

  /** The account that was made first, with its first project: whom `AUTH=off` takes every caller for. */
  async oldest(): Promise<Project | null> {
    const row = await this.#db
      .prepare(
        "SELECT p.* FROM accounts a JOIN projects p ON p.account = a.id ORDER BY a.created_ms, a.id, p.created_ms, p.id LIMIT 1",
      )
      .first<ProjectRow>();
    return row && projectOf(row);
  }

  /** A project of this account, or its first one. */
  async project(account: string, id: string | undefined): Promise<Project | null> {
    const row = await this.#db
      .prepare(
        "SELECT * FROM projects WHERE account = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY created_ms, id LIMIT 1",
      )
      .bind(account, id ?? null)
      .first<ProjectRow>();
    return row && projectOf(row);
  }

  async accounts(page: PageRequest): Promise<Page<Account> | null> {
    const found = await this.#page<AccountRow>("accounts", null, page);
    return found && { ...found, rows: found.rows.map(accountOf) };
  }

  async projects(account: string, page: PageRequest): Promise<Page<Project> | null> {
    const found = await this.#page<ProjectRow>("projects", account, page);
    return found && { ...found, rows: found.rows.map(projectOf) };
  }

  async keys(account: string, page: PageRequest): Promise<Page<ApiKey> | null> {
    const found = await this.#page<KeyRow>("api_keys", account, page);
    return found && { ...found, rows: found.rows.map(keyOf) };
  }

  /** How many keys or projects of an account were made from a moment on. */
  async madeSince(table: "api_keys" | "projects", account: string, sinceMs: number): Promise<number> {
    const row = await this.#db
      .prepare(`SELECT count(*) AS made FROM ${table} WHERE account = ? AND created_ms >= ?`)
      .bind(account, sinceMs)
      .first<{ made: number }>();
    return row!.made;
  }

  /** An account and its first project, or neither. */
  async addAccount({ id, name, createdMs }: Account, project: Project): Promise<void> {
    await this.#db.batch([
      this.#db
        .prepare("INSERT INTO accounts (id, name, created_ms) VALUES (?, ?, ?)")
        .bind(id, name, createdMs),
      this.#insertProject(project),
    ]);
  }

  async addProject(project: Project): Promise<void> {
    await this.#insertProject(project).run();
  }

  async addKey(key: ApiKey): Promise<void> {
    await this.#db
      .prepare(INSERT_KEY)
      .bind(...valuesOf(key))
      .run();
  }

  /**
   * Adds a key in another's place, which lives on until `oldExpiresMs`, in one transaction.
   * @returns whether it did: not where the old one is disabled, expired or replaced already.
   */
  async replaceKey(oldId: string, key: ApiKey, oldExpiresMs: number): Promise<boolean> {
    const [inserted] = await this.#db.batch([
      this.#db
        .prepare(
          `${INSERT_KEY} WHERE EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND account = ? AND disabled_ms IS NULL
             AND replaced_by IS NULL AND (expires_ms IS NULL OR expires_ms > ?))`,
        )
        .bind(...valuesOf(key), oldId, key.account, key.createdMs),
      this.#db
        .prepare(
          `UPDATE api_keys SET replaced_by = ?2, expires_ms = min(coalesce(expires_ms, ?3), ?3)
             WHERE id = ?1 AND EXISTS (SELECT 1 FROM api_keys WHERE id = ?2)`,
        )
        .bind(oldId, key.id, oldExpiresMs),
    ]);
    return inserted!.meta.changes > 0;
  }

  /** Disables a key for good; one that is disabled keeps its first time. */
  async disableKey(account: string, id: string, nowMs: number): Promise<void> {
    await this.#db
      .prepare("UPDATE api_keys SET disabled_ms = coalesce(disabled_ms, ?) WHERE id = ? AND account = ?")
      .bind(nowMs, id, account)
      .run();
  }

  /**
   * Changes what is given of a key; its scopes and its project stay.
   * @returns whether it did: not where it is disabled or replaced.
   */
  async changeKey(account: string, id: string, changes: KeyChanges): Promise<boolean> {
    const columns = Object.entries({
      name: changes.name,
      models: changes.models && JSON.stringify(changes.models),
      limits: changes.limits && JSON.stringify(changes.limits),
      expires_ms: changes.expiresMs,
    }).filter(([, value]) => value !== undefined);
    const set = ["id = id", ...columns.map(([column]) => `${column} = ?`)].join(", ");
    const { meta } = await this.#db
      .prepare(
        `UPDATE api_keys SET ${set} WHERE id = ? AND account = ? AND disabled_ms IS NULL AND replaced_by IS NULL`,
      )
      .bind(...columns.map(([, value]) => value), id, account)
      .run();
    return meta.changes > 0;
  }

  #insertProject({ id, account, name, createdMs }: Project): D1PreparedStatement {
    return this.#db
      .prepare("INSERT INTO projects (id, account, name, created_ms) VALUES (?, ?, ?, ?)")
      .bind(id, account, name, createdMs);
  }

  /** Newest first; null where `after` is no row of the list. */
  async #page<Row>(
    table: "accounts" | "projects" | "api_keys",
    account: string | null,
    { limit, after }: PageRequest,
  ): Promise<Page<Row> | null> {
    const own = account === null ? "?1 IS NULL" : "account = ?1";
    const select = (columns: string, where: string) =>
      `SELECT ${columns} FROM ${table} WHERE ${own} AND ${where}`;
    if (after !== undefined) {
      const cursor = await this.#db.prepare(select("id", "id = ?2")).bind(account, after).first();
      if (cursor === null) return null;
    }
    const older = `(?2 IS NULL OR (created_ms, id) < (SELECT created_ms, id FROM ${table} WHERE id = ?2))`;
    const { results } = await this.#db
      .prepare(`${select("*", older)} ORDER BY created_ms DESC, id DESC LIMIT ?3`)
      .bind(account, after ?? null, limit + 1)
      .all<Row>();
    return { rows: results.slice(0, limit), hasMore: results.length > limit };
  }
}
