/** What a generation may ask of the fleet, and what the fleet is told when it is made. */
import type { FaultKind } from "../../adapters/fault.ts";

export type Preference = "fastest" | "balanced" | "cheapest";

/** Which numerics classes a generation may use. */
export type Numerics =
  | { readonly kind: "any" }
  /** One exact class, whichever the first step meets. */
  | { readonly kind: "exact" }
  /** `exact`: and of it those endpoints alone whose bits depend on the request alone. */
  | { readonly kind: "class"; readonly name: string; readonly exact?: boolean };

export interface RoutingTerms {
  readonly route: Preference;
  /** An endpoint's region, the beginning of it up to a dash, or its area; null: anywhere. */
  readonly region: string | null;
  readonly numerics: Numerics;
  /** The class of the steps committed before this run, from the journal; null: none is. */
  readonly homeClass: string | null;
  /** Micro-credits a picture that each step earns; without it nothing is too dear. */
  readonly earnings?: readonly number[];
  /** Told each time a step, or a decoding, goes on at another endpoint. */
  readonly onFailover?: (event: Failover) => void;
}

export interface Failover {
  /** null: decoding. */
  readonly step: number | null;
  /** Of the pictures concerned; empty when decoding. */
  readonly prefixKeys: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly fault: FaultKind["kind"];
  readonly fromClass: string;
  readonly toClass: string;
}

export interface RoutingSettings {
  /** Millionths of the operator's currency that a micro-credit brings; null: no endpoint is too dear. */
  readonly creditValue: number | null;
  /** Whether a late step may be asked for a second time elsewhere. */
  readonly hedging: boolean;
}

export interface FleetPorts {
  /** Milliseconds; since 1970 where states are shared with other isolates. */
  readonly now: () => number;
  /** 0 <= x < 1. */
  readonly random: () => number;
  /** Ends after so many milliseconds, or as soon as the signal fires, with or without an error. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told when there is something that other isolates should know at once. */
  readonly share?: () => void;
  readonly log: (line: string) => void;
}
