/** All tables of one account, opened together. */
import { Budget } from "./budget.ts";
import { Holds } from "./holds.ts";
import { Outbox } from "./outbox.ts";
import { Rates } from "./rates.ts";
import { type Sql, Store } from "./store.ts";

export interface Tables {
  readonly store: Store;
  readonly holds: Holds;
  readonly rates: Rates;
  readonly budget: Budget;
  readonly outbox: Outbox;
}

/** Opens them; writes nothing. */
export function openTables(sql: Sql): Tables {
  return {
    store: new Store(sql),
    holds: new Holds(sql),
    rates: new Rates(sql),
    budget: new Budget(sql),
    outbox: new Outbox(sql),
  };
}
