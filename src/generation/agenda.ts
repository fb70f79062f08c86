/** Whatever a generation has a time for: one row each, and one alarm at the earliest. */

export type AgendaItem = "watch" | "abandon" | "settle" | "expire";

/** Reads and writes the table `agenda` of the object's SQLite, and keeps what it has read: nobody else writes there. */
export class Agenda {
  static readonly TABLE = "CREATE TABLE agenda (item TEXT PRIMARY KEY, due_ms INTEGER NOT NULL);";
  readonly #storage: DurableObjectStorage;
  #kept: Map<AgendaItem, number> | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Notes an item, in place of an earlier time of the same; the alarm is set by `setAlarm`. */
  note(item: AgendaItem, dueMs: number): void {
    const items = this.#items();
    this.#storage.sql.exec("INSERT OR REPLACE INTO agenda VALUES (?, ?)", item, dueMs);
    items.set(item, dueMs);
  }

  /** Notes an item and sets the alarm. */
  async plan(item: AgendaItem, dueMs: number): Promise<void> {
    this.note(item, dueMs);
    await this.setAlarm();
  }

  drop(...items: AgendaItem[]): void {
    for (const item of items.filter((one) => this.has(one))) {
      this.#storage.sql.exec("DELETE FROM agenda WHERE item = ?", item);
      this.#items().delete(item);
    }
  }

  has(item: AgendaItem): boolean {
    return this.#items().has(item);
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
    return [...this.#items()]
      .map(([item, dueMs]) => ({ item, dueMs }))
      .sort((one, other) => one.dueMs - other.dueMs)[0];
  }

  #items(): Map<AgendaItem, number> {
    this.#kept ??= new Map(
      this.#storage.sql
        .exec<{ item: AgendaItem; dueMs: number }>("SELECT item, due_ms AS dueMs FROM agenda")
        .toArray()
        .map(({ item, dueMs }) => [item, dueMs]),
    );
    return this.#kept;
  }
}
