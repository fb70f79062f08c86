/** All tables of one account, opened together. */
import { Budget } from "./budget.ts";
import { Holds } from "./holds.ts";
import { Outbox } from "./outbox.ts";
import { Rates } from "./rates.ts";
import { SEGMENT_TABLES, Segments } from "./segments.ts";
import { type Sql, Store } from "./store.ts";

export interface Tables {
  readonly store: Store;
  readonly segments: Segments;
  readonly holds: Holds;
  readonly rates: Rates;
  readonly budget: Budget;
  readonly outbox: Outbox;
}

/** Opens them; writes nothing where there is no account. */
export function openTables(sql: Sql): Tables {
  const store = new Store(sql);
  if (store.head()) upgrade(sql);
  return {
    store,
    segments: new Segments(sql, store),
    holds: new Holds(sql),
    rates: new Rates(sql),
    budget: new Budget(sql),
    outbox: new Outbox(sql),
  };
}

/** Gives an account that was made before there were segments what has come since. */
function upgrade(sql: Sql): void {
  sql.exec(SEGMENT_TABLES);
  const known = sql.exec("SELECT 1 FROM pragma_table_info('holds') WHERE name = 'pictures'").toArray();
  if (known.length > 0) return;
  sql.exec("ALTER TABLE holds ADD COLUMN pictures INTEGER NOT NULL DEFAULT 1");
  sql.exec("ALTER TABLE holds ADD COLUMN usage TEXT");
  sql.exec(
    `UPDATE holds SET
      pictures = ifnull((SELECT json_extract(note, '$.pictures') FROM rows WHERE key = 'reserve:' || holds.generation), 1),
      usage = (SELECT json_extract(note, '$.usage') FROM rows WHERE key = 'end:' || holds.generation)`,
  );
}
