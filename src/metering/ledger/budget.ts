/** What was charged in each calendar month, by account and key, and the alerts of the monthly budget. */
import type { HoldRefusal } from "../hold.ts";
import type { Alert } from "./events.ts";
import type { AccountLimits } from "./settings.ts";
import type { Sql } from "./store.ts";

/** The scope of what holds for the whole account; a key's is its id. */
const ACCOUNT = "";

type BudgetRefusal = Extract<HoldRefusal, { why: "budget_exceeded" }>;

/** The calendar month of a moment, UTC. */
export const monthOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 7);

/** The first moment of the month after, UTC. */
export function nextMonthMs(atMs: number): number {
  const date = new Date(atMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}

/** Reads and writes a month's charges and alerts; each method is one synchronous turn. */
export class Budget {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Micro-credits charged in a month, less refunds; of one key where it is named. */
  charged(month: string, apiKey = ACCOUNT): number {
    return (
      this.#sql
        .exec<{ charged: number }>("SELECT charged FROM spent WHERE month = ? AND scope = ?", month, apiKey)
        .toArray()[0]?.charged ?? 0
    );
  }

  /** Counts a charge, or with a negative amount a refund, which belongs to the month of its charge. */
  count(month: string, apiKey: string, amount: number): void {
    for (const scope of [ACCOUNT, apiKey]) {
      this.#sql.exec(
        `INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT (month, scope) DO UPDATE SET charged = charged + ?`,
        ...[month, scope, amount, amount],
      );
    }
  }

  /**
   * Whether a month's charges and holds leave room for this amount.
   * @param budgets of the account and of the key, with what each holds now.
   */
  refusal(
    apiKey: string,
    amount: number,
    budgets: Record<"account" | "key", { budget: number | null; held: number }>,
    nowMs: number,
  ): BudgetRefusal | null {
    for (const whose of ["account", "key"] as const) {
      const { budget, held } = budgets[whose];
      if (budget === null) continue;
      const charged = this.charged(monthOf(nowMs), whose === "account" ? ACCOUNT : apiKey);
      if (charged + held + amount > budget) {
        return { why: "budget_exceeded", of: whose, resetsMs: nextMonthMs(nowMs) };
      }
    }
    return null;
  }

  /**
   * Keeps an alert for each threshold that is passed for the first time this month, and returns them.
   * @param stopped the budget has just refused a hold: its 100 % is passed, whatever little is left of it.
   */
  alert(
    { monthlyBudget, alertPercents }: AccountLimits,
    held: number,
    stopped: boolean,
    nowMs: number,
  ): Alert[] {
    if (monthlyBudget === null) return [];
    const month = monthOf(nowMs);
    const spent = this.charged(month) + held;
    return alertPercents.flatMap((percent) => {
      const passed = spent > 0 && spent * 100 >= monthlyBudget * percent;
      if (!passed && !(stopped && percent === 100)) return [];
      const kept = this.#sql
        .exec(
          "INSERT OR IGNORE INTO alerts VALUES (?, ?, ?, ?, ?) RETURNING percent",
          ...[month, percent, nowMs, spent, monthlyBudget],
        )
        .toArray();
      return kept.length === 0 ? [] : [{ month, percent, atMs: nowMs, spent, budget: monthlyBudget }];
    });
  }

  /** The newest first. */
  alerts(limit: number): Alert[] {
    return this.#sql
      .exec<{ [Field in keyof Alert]: Alert[Field] }>(
        "SELECT month, percent, at_ms AS atMs, spent, budget FROM alerts ORDER BY month DESC, percent DESC LIMIT ?",
        limit,
      )
      .toArray();
  }
}
