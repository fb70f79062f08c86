/** What a client was told, for the audit to hold against the ledger. */
import type { Errand } from "./errand.ts";

/** All pictures of a generation, as one answer or stream brought them. */
export interface Served {
  readonly kind: "served";
  readonly generation: string;
  readonly price: number;
  /** SHA-256 of each picture, in order. */
  readonly pictures: readonly string[];
}

/** How one attempt came out. */
export type Outcome =
  | Served
  /** `generation` where the answer named one. */
  | {
      readonly kind: "refused";
      readonly generation: string | null;
      readonly status: number;
      readonly code: string;
    }
  /** The connection broke, or never was. */
  | { readonly kind: "broken"; readonly generation: string | null }
  /** We hung up. */
  | { readonly kind: "left"; readonly generation: string };

export interface Seen {
  readonly errand: Errand;
  readonly account: string;
  readonly outcomes: Outcome[];
  /** What a cancellation was answered, by generation. */
  readonly cancelled: Map<string, string>;
  /** Prices that were quoted. */
  readonly quotes: number[];
  /** When it last asked for anything. */
  lastAskedMs: number;
  /** What no server should answer. */
  readonly problems: string[];
}

export const nothingSeen = (errand: Errand, account: string): Seen => ({
  errand,
  account,
  outcomes: [],
  cancelled: new Map(),
  quotes: [],
  lastAskedMs: 0,
  problems: [],
});
