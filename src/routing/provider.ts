/** What all models of one provider share: its slots, whether it is drained, and its price. */
import type { Offer } from "../../adapters/providers/load.ts";
import type { SharedPrice } from "./shared.ts";
import type { Slots } from "./slots.ts";

export class Provider {
  readonly slots: Slots;
  /** Its config's. */
  readonly configured: Offer["price"];
  drained = false;
  /** When that was said; 0: never. */
  drainedAt = 0;
  /** What the operator said of its price last, for whichever config; null: nothing. */
  priced: SharedPrice | null = null;

  constructor(slots: Slots, configured: Offer["price"]) {
    this.slots = slots;
    this.configured = configured;
  }

  /** The operator's, unless it was taken back or the config's has changed since it was set. */
  get price(): Offer["price"] {
    return this.#override ?? this.configured;
  }

  get priceFrom(): "config" | "operator" {
    return this.#override === null ? "config" : "operator";
  }

  get #override(): Offer["price"] | null {
    if (this.priced === null) return null;
    const { base, price } = this.priced;
    const { second, gigabyte } = this.configured;
    return base.second === second && base.gigabyte === gigabyte ? price : null;
  }
}
