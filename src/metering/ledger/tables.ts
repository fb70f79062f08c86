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
  // An account that was made before there were segments gets their tables.
  if (store.head()) sql.exec(SEGMENT_TABLES);
  return {
    store,
    segments: new Segments(sql, store),
    holds: new Holds(sql),
    rates: new Rates(sql),
    budget: new Budget(sql),
    outbox: new Outbox(sql),
  };
}
