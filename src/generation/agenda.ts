/** Whatever a generation has a time for: one row each, and one alarm at the earliest. */

export type AgendaItem = "watch" | "abandon" | "settle" | "expire";

/** Reads and writes the table `agenda` of the object's SQLite. */
export class Agenda {
  static readonly TABLE = "CREATE TABLE agenda (item TEXT PRIMARY KEY, due_ms INTEGER NOT NULL);";
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Notes an item, in place of an earlier time of the same; the alarm is set by `setAlarm`. */
  note(item: AgendaItem, dueMs: number): void {
    this.#storage.sql.exec("INSERT OR REPLACE INTO agenda VALUES (?, ?)", item, dueMs);
  }

  /** Notes an item and sets the alarm. */
  async plan(item: AgendaItem, dueMs: number): Promise<void> {
    this.note(item, dueMs);
    await this.setAlarm();
  }

  drop(...items: AgendaItem[]): void {
    for (const item of items) this.#storage.sql.exec("DELETE FROM agenda WHERE item = ?", item);
  }

  has(item: AgendaItem): boolean {
    return this.#storage.sql.exec("SELECT 1 FROM agenda WHERE item = ?", item).toArray().length > 0;
  }

  /** The earliest item that is due, or null. */
  due(nowMs: number): AgendaItem | null {
    const first = this.#first();
    return first && first.dueMs <= nowMs ? first.item : null;
  }

  async setAlarm(): Promise<void> {
    const first = this.#first();
    if (first) await this.#storage.setAlarm(first.dueMs);
  }

  #first(): { item: AgendaItem; dueMs: number } | undefined {
    return this.#storage.sql
      .exec<{ item: AgendaItem; dueMs: number }>(
        "SELECT item, due_ms AS dueMs FROM agenda ORDER BY due_ms LIMIT 1",
      )
      .toArray()[0];
  }
}
