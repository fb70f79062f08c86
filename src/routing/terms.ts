/** What a generation asks of routing, and what it is told. */

/** What a caller may ask: where steps run, never what they cost or, within one exact class, what comes of them. */
export interface RoutingTerms {
  readonly route: "fastest" | "balanced" | "cheapest";
  /** Only there; null: anywhere. */
  readonly region: string | null;
  readonly numerics: Numerics;
  /** The class of the steps committed before this run; null: none yet. */
  readonly homeClass: string | null;
  /** Told when another endpoint has been chosen after a fault. */
  readonly onFailover?: (failover: Failover) => void;
}

/** `any` keeps to its first class while it can; `exact` never leaves it, and begins in none that is not exact. */
export type Numerics =
  | { readonly kind: "any" }
  | { readonly kind: "exact" }
  | { readonly kind: "class"; readonly name: string };

export interface Failover {
  /** Null: decoding. */
  readonly step: number | null;
  /** Of the pictures concerned. */
  readonly prefixKeys: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly fault: string;
  readonly fromClass: string;
  readonly toClass: string;
}
