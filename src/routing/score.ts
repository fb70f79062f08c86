/** How good an endpoint would be for a call, by time, load, pressure and cost: lower is better. Pure. */
import type { Offer } from "../../adapters/providers/load.ts";
import type { Expected } from "./expected.ts";
import { policy } from "./policy.ts";
import type { Preference } from "./terms.ts";

export interface Look {
  /** What its class takes; null: nothing like it has been seen. */
  readonly expected: Expected | null;
  /** How many times that it takes itself. */
  readonly slowness: number;
  readonly pictures: number;
  /** Calls under way there. */
  readonly inFlight: number;
  readonly pressure: number;
  readonly weight: number;
  readonly price: Offer["price"];
}

export interface Rating {
  /** Milliseconds it would take with its load, more under pressure, less by its weight. */
  readonly timeMs: number;
  /** Millionths of the operator's currency. */
  readonly cost: number;
}

export function rate({ expected, slowness, pictures, inFlight, pressure, weight, price }: Look): Rating {
  const seen = expected ?? { ms: policy.unseenMs, deviceMs: 0, bytes: 0 };
  const factor = (slowness * (1 + pressure)) / weight;
  return {
    timeMs: seen.ms * pictures * (inFlight + 1) * factor,
    cost: costOf(price, seen, pictures),
  };
}

/** @returns what a call costs us, in millionths; where no device time has been seen, that of the whole call is taken */
export function costOf(
  price: Offer["price"],
  { ms, deviceMs, bytes }: Pick<Expected, "ms" | "deviceMs" | "bytes">,
  pictures: number,
): number {
  return pictures * ((price.second * (deviceMs || ms)) / 1e3 + (price.gigabyte * bytes) / 1e9);
}

/**
 * `fastest` looks at time alone; `balanced` multiplies it by cost, so that twice as fast may cost twice as much;
 * `cheapest` looks at time among those that cost about the least, and at nobody else.
 *
 * @returns a score for each rating, Infinity for one that is out of the question
 */
export function scores(ratings: readonly Rating[], route: Preference): number[] {
  if (route === "fastest") return ratings.map(({ timeMs }) => timeMs);
  const costs = ratings.map(({ cost }) => cost);
  if (route === "cheapest") {
    const most = Math.min(...costs) * policy.cheap;
    return ratings.map(({ timeMs, cost }) => (cost <= most ? timeMs : Number.POSITIVE_INFINITY));
  }
  // A hundredth of the dearest keeps what costs nothing from being taken however slow it is.
  const floor = Math.max(...costs) / 100 || 1;
  return ratings.map(({ timeMs, cost }) => timeMs * (cost + floor));
}
