/** Tells of the monthly budget's thresholds, each once a month. */
import type { Tables } from "./tables.ts";

/**
 * Keeps an alert for each threshold that is passed for the first time this month, with the event that tells of it;
 * to be called within a transaction.
 * @param held micro-credits that are held now.
 * @param stopped see `Budget.alert`.
 */
export function alertBudget(tables: Tables, held: number, stopped: boolean, nowMs: number): void {
  const { limits } = tables.rates.account();
  if (limits.monthlyBudget === null) return;
  const { account } = tables.store.head()!;
  for (const alert of tables.budget.alert(limits, held, stopped, nowMs)) {
    const id = `${account}:budget:${alert.month}:${alert.percent}`;
    tables.outbox.add({ kind: "budget", id, account, ...alert }, nowMs);
  }
}
