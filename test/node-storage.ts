import { DatabaseSync } from "node:sqlite";

/** A Durable Object's storage (`Sql`: its type of SQL) over Node's SQLite; can be told to die at its n-th statement from now. */
export class NodeStorage<Sql> {
  readonly #db = new DatabaseSync(":memory:");
  dieAfter = Number.POSITIVE_INFINITY;

  readonly sql = {
    exec: (query: string, ...bindings: (string | number | null)[]) => {
      if (this.dieAfter-- <= 0) throw new Error("died");
      if (query.includes("CREATE TABLE")) this.#db.exec(query);
      const rows = query.includes("CREATE TABLE") ? [] : this.#db.prepare(query).all(...bindings);
      return { toArray: () => rows, one: () => rows[0] };
    },
  } as unknown as Sql;

  transactionSync<Result>(closure: () => Result): Result {
    this.#db.exec("BEGIN");
    try {
      const result = closure();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  count(query: string): number {
    return Number(this.#db.prepare(`SELECT count(*) AS n FROM ${query}`).get()!.n);
  }
}
