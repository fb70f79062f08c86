/** How an account's ledger shows itself: balances, limits, this month, live holds, charges. */
import type { SettledRow } from "../usage/row.ts";
import { monthOf, nextMonthMs } from "./budget.ts";
import type { Row } from "./chain.ts";
import type { Alert } from "./events.ts";
import type { LiveHold } from "./holds.ts";
import type { AccountLimits, KeySettings } from "./settings.ts";
import type { Head } from "./store.ts";
import type { Tables } from "./tables.ts";

const MOST_ALERTS = 100;

/** Spent against a monthly budget, in micro-credits. */
export interface MonthState {
  readonly charged: number;
  readonly held: number;
  readonly budget: number | null;
}

export interface AccountState {
  readonly account: string;
  readonly disabled: boolean;
  /** Micro-credits; `granted` is what was granted in all. */
  readonly balance: {
    readonly granted: number;
    readonly available: number;
    readonly held: number;
    readonly charged: number;
  };
  readonly limits: AccountLimits;
  /** `name`: `2026-11`, UTC; `resetsMs`: the first moment of the next. */
  readonly month: MonthState & { readonly name: string; readonly resetsMs: number };
  /** The newest first. */
  readonly alerts: readonly Alert[];
  readonly liveHolds: readonly LiveHold[];
  /** Keys that have settings of their own. */
  readonly keys: readonly (KeySettings & { readonly apiKey: string; readonly month: MonthState })[];
  /** The chain's last row: what an audit of all rows must come to. */
  readonly head: { readonly seq: number; readonly hash: string };
}

/** The whole account as it stands. */
export function stateOfAccount({ holds, rates, budget }: Tables, head: Head, nowMs: number): AccountState {
  const { disabled, limits } = rates.account();
  const { granted, ...rest } = head.balances;
  const name = monthOf(nowMs);
  return {
    account: head.account,
    disabled,
    balance: { granted: 0 - granted, ...rest },
    limits,
    month: {
      name,
      charged: budget.charged(name),
      held: rest.held,
      budget: limits.monthlyBudget,
      resetsMs: nextMonthMs(nowMs),
    },
    alerts: budget.alerts(MOST_ALERTS),
    liveHolds: holds.live(),
    keys: rates.keys().map(({ apiKey, settings }) => ({
      apiKey,
      ...settings,
      month: {
        charged: budget.charged(name, apiKey),
        held: holds.load(apiKey).key.amount,
        budget: settings.limits.monthlyBudget,
      },
    })),
    head: { seq: head.seq, hash: head.hash },
  };
}

/** A settlement's or an adjustment's row in the words of usage reports. */
export function settledRowOf({ seq, atMs, generation, kind, legs, note }: Row): SettledRow {
  const { apiKey, project, model, usage } = JSON.parse(note) as Omit<SettledRow, "seq" | "atMs" | "charge">;
  const about = { seq, atMs, generation: generation!, apiKey, project, model };
  return { ...about, charge: legs.charged, usage: kind === "settle" ? usage : null };
}
