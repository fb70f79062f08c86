/** What is said between the API, an account's ledger and a generation about money: plain values, no behaviour. */

/** What one API key may do at most; null: as much as its account. */
export interface KeyLimits {
  readonly requestsPerMinute: number | null;
  readonly picturesPerMinute: number | null;
  /** Live holds at a time. */
  readonly concurrency: number | null;
  /** Event streams open at a time. */
  readonly streams: number | null;
  /** Micro-credits a calendar month, UTC. */
  readonly monthlyBudget: number | null;
}

/** Asks for a generation's price to be held, before anything is spent. */
export interface HoldRequest {
  readonly account: string;
  /** The generation's id, chosen before the hold, which is the hold's own. */
  readonly generation: string;
  readonly apiKey: string;
  readonly project: string;
  readonly model: string;
  readonly pictures: number;
  /** Micro-credits: the plan's whole price. */
  readonly amount: number;
  /** SHA-256 of the parsed body, in hex. */
  readonly bodySha256: string;
  /** The plan as JSON; a retry starts or joins this very one. */
  readonly plan: string;
  /** The `Idempotency-Key` header. */
  readonly idempotencyKey: string | null;
  /** `x-stainless-retry-count`; 0 where it is absent. */
  readonly retryCount: number;
}

/** Where a limit stands after a request, for `x-ratelimit-*`. */
export interface LimitState {
  readonly limit: number;
  readonly remaining: number;
  /** Until it is full again. */
  readonly resetMs: number;
}

export interface Limits {
  readonly requests: LimitState;
  readonly pictures: LimitState;
}

export type HoldRefusal =
  | { readonly why: "credit_balance_exhausted"; readonly available: number }
  /** `resetsMs`: the first moment of the next month, UTC. */
  | { readonly why: "budget_exceeded"; readonly of: "account" | "key"; readonly resetsMs: number }
  | {
      readonly why: "rate_limit_exceeded";
      readonly of: "requests" | "pictures";
      readonly retryAfterMs: number;
    }
  | { readonly why: "concurrency_limit"; readonly limit: number; readonly retryAfterMs: number }
  | { readonly why: "key_disabled" | "account_disabled" }
  | { readonly why: "too_many_streams"; readonly limit: number; readonly retryAfterMs: number }
  /** Same `Idempotency-Key`, another body. */
  | { readonly why: "idempotency_mismatch" };

export type HoldAnswer =
  | { readonly kind: "held"; readonly limits: Limits }
  /** A retry of a generation that is already held or settled: start or join that very plan under that id. */
  | { readonly kind: "joined"; readonly generation: string; readonly plan: string; readonly limits: Limits }
  | { readonly kind: "refused"; readonly refusal: HoldRefusal; readonly limits: Limits | null };

/** Why a hold came to its end; only the first two charge. */
export type EndReason =
  | "completed"
  /** The caller went away or cancelled: committed steps are charged. */
  | "cancelled"
  /** Failed through us. */
  | "failed"
  /** Nobody came back for what a crash had cut off. */
  | "unattended"
  /** Held and never started. */
  | "void";

/** Says how a generation ended; said again and again until the ledger answers, and counted once. */
export interface HoldEnd {
  readonly account: string;
  readonly generation: string;
  readonly reason: EndReason;
  /** Micro-credits, 0 to the amount held. */
  readonly charge: number;
  readonly usage: SettledUsage;
}

/** What was delivered, for usage reports. */
export interface SettledUsage {
  readonly pictures: number;
  readonly steps: number;
  /** Tokens over all pictures. */
  readonly tokens: number;
  /** Width x height in pixels. */
  readonly size: string;
}

export const NO_USAGE: SettledUsage = { pictures: 0, steps: 0, tokens: 0, size: "" };

/** What a generation answers when its ledger asks about a hold that has expired. */
export type HoldState =
  /** Runs, or has stopped and can be taken up again. */
  | { readonly kind: "live" }
  | { readonly kind: "ended"; readonly end: HoldEnd }
  /** Was never started and from now on cannot be. */
  | { readonly kind: "void" };
