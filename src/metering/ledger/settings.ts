/** What an account and each of its keys may do at most, and what an account starts with. */
import type { KeyLimits } from "../hold.ts";

export interface AccountLimits {
  readonly requestsPerMinute: number;
  readonly picturesPerMinute: number;
  /** Live holds at a time. */
  readonly concurrency: number;
  /** Event streams that each of its keys may have open at a time. */
  readonly streams: number;
  /** Micro-credits a calendar month, UTC; null: as much as there is credit. */
  readonly monthlyBudget: number | null;
  /** Percents of the monthly budget at which an alert is kept. */
  readonly alertPercents: readonly number[];
}

export interface AccountSettings {
  readonly disabled: boolean;
  readonly limits: AccountLimits;
}

export interface KeySettings {
  readonly disabled: boolean;
  readonly limits: KeyLimits;
}

/** Changes an account's settings; what is absent stays. */
export interface AccountChange {
  readonly account: string;
  readonly disabled?: boolean;
  readonly limits?: Partial<AccountLimits>;
}

/** Changes one key's settings; what is absent stays. */
export interface KeyChange {
  readonly account: string;
  readonly apiKey: string;
  readonly disabled?: boolean;
  readonly limits?: Partial<KeyLimits>;
}

export type ConfigureAnswer =
  | { readonly kind: "configured" }
  | { readonly kind: "refused"; readonly why: "invalid_limit"; readonly param: string };

export const NEW_ACCOUNT: AccountSettings = {
  disabled: false,
  limits: {
    requestsPerMinute: 120,
    picturesPerMinute: 240,
    concurrency: 20,
    streams: 100,
    monthlyBudget: null,
    alertPercents: [50, 80, 100],
  },
};

export const NEW_KEY: KeySettings = {
  disabled: false,
  limits: {
    requestsPerMinute: null,
    picturesPerMinute: null,
    concurrency: null,
    streams: null,
    monthlyBudget: null,
  },
};

/** So that a bucket's level stays a whole number. */
const MOST = 1_000_000;

/** The first limit that is none, or null: a rate of 0 would be a disabled key in disguise. */
export function invalidLimit(limits: Partial<AccountLimits | KeyLimits>, mayBeNull: boolean): string | null {
  for (const [name, value] of Object.entries(limits) as [string, unknown][]) {
    if (name === "alertPercents") {
      if (!Array.isArray(value) || value.length > 10 || !value.every((percent) => isWhole(percent, 1, 1_000)))
        return name;
    } else if (value === null) {
      if (!mayBeNull && name !== "monthlyBudget") return name;
    } else if (name === "monthlyBudget") {
      if (!isWhole(value, 0, Number.MAX_SAFE_INTEGER)) return name;
    } else if (!isWhole(value, 1, MOST)) return name;
  }
  return null;
}

const isWhole = (value: unknown, from: number, to: number) =>
  Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to;
