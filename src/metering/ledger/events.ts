/** What a ledger tells the world: plain values, no behaviour. */
import type { EndReason, SettledUsage } from "../hold.ts";

/** Kept once a month and threshold. */
export interface Alert {
  /** `2026-11`, UTC. */
  readonly month: string;
  readonly percent: number;
  readonly atMs: number;
  /** Charged and held at that moment, in micro-credits. */
  readonly spent: number;
  readonly budget: number;
}

/** What happened to a generation's money; the same id always says the same. */
interface Posted {
  /** `<account>:<sequence of the row>`. */
  readonly id: string;
  readonly account: string;
  readonly generation: string;
  readonly atMs: number;
  readonly apiKey: string;
  readonly project: string;
  readonly model: string;
}

/** What one generation was charged for. */
export interface UsageEvent extends Posted {
  readonly kind: "settled";
  readonly reason: EndReason;
  /** Micro-credits. */
  readonly charge: number;
  readonly usage: SettledUsage;
}

/** A part of a charge was given back. */
export interface RefundEvent extends Posted {
  readonly kind: "refunded";
  /** Micro-credits, below zero. */
  readonly charge: number;
}

/** A hold was given back whole. */
export interface ReleaseEvent extends Posted {
  readonly kind: "released";
  readonly reason: EndReason;
}

/** A threshold of the monthly budget was passed; told once a month and threshold. */
export interface BudgetEvent extends Alert {
  readonly kind: "budget";
  /** `<account>:budget:<month>:<percent>`. */
  readonly id: string;
  readonly account: string;
}

export type LedgerEvent = UsageEvent | RefundEvent | ReleaseEvent | BudgetEvent;
