/** What the operator sees of a model's routing: who could, who now, how good, and what became of their calls. */

import type { Offer } from "../../adapters/providers/load.ts";
import { type BreakerPhase, phaseOf } from "./breaker.ts";
import { refilled } from "./budget.ts";
import type { Counters, Endpoint } from "./endpoint.ts";
import type { Expected } from "./expected.ts";
import { type Need, type WhyNot, whyNot } from "./filter.ts";
import type { Hub } from "./hub.ts";
import { pressureAt } from "./pressure.ts";
import { type RestPhase, restOf } from "./rest.ts";
import { scores } from "./score.ts";
import { slownessAt } from "./slowness.ts";
import { standingOf, taking } from "./standing.ts";
import type { RoutingTerms } from "./terms.ts";

/** Why an endpoint is not asked at the moment, though it could serve. */
export type WhyNotNow = "drained" | "breaker" | "resting" | "full";

export interface Explained {
  readonly provider: string;
  readonly region: string | null;
  readonly area: string | null;
  readonly revision: string;
  readonly numerics: Offer["numerics"];
  readonly serves: Offer["serves"];
  readonly schedules: readonly string[];
  /** Under the terms given; null: it could serve. */
  readonly whyNot: WhyNot | null;
  readonly whyNotNow: WhyNotNow | null;
  readonly breaker: {
    readonly phase: BreakerPhase;
    readonly until: number | null;
    readonly openings: number;
  };
  readonly rest: { readonly phase: RestPhase; readonly until: number | null };
  readonly drained: boolean;
  readonly pressure: number;
  /** How many times slower than its class it is taken to be. */
  readonly slowness: number;
  readonly weight: number;
  readonly price: Offer["price"];
  readonly priceFrom: "config" | "operator";
  readonly inFlight: number;
  readonly queue: number;
  readonly concurrency: number;
  /** By kind of call: what it takes, and the score that is compared, lower is better; of a call of one picture. */
  readonly calls: Readonly<Record<string, Expected & { readonly score: number }>>;
  readonly counters: Counters;
}

export interface Explanation {
  readonly model: string;
  /** Retries that may be had at once. */
  readonly retries: number;
  readonly candidates: readonly Explained[];
}

export function explained(hub: Hub, model: string, terms: RoutingTerms): Explanation {
  const endpoints = hub.endpointsOf(model);
  const now = hub.ports.now();
  const budget = hub.budgets.get(model);
  return {
    model,
    retries: budget ? Math.floor(refilled(budget, now).tokens) : 0,
    candidates: endpoints.map((endpoint) => explainedOne(endpoint, endpoints, terms, now)),
  };
}

function explainedOne(
  endpoint: Endpoint,
  peers: readonly Endpoint[],
  terms: RoutingTerms,
  now: number,
): Explained {
  const { offer, provider, breaker, rest, counters, expected } = endpoint;
  const { region, revision, numerics, serves, schedules, weight, concurrency } = offer;
  const phase = phaseOf(breaker, now);
  const resting = restOf(rest, now);
  return {
    ...{ provider: offer.provider, region, area: offer.area, revision, numerics, serves, schedules },
    whyNot: whyNot(offer, needOf(offer, terms)),
    whyNotNow: whyNotNow(endpoint, now),
    breaker: { phase, until: breaker.open ? breaker.until : null, openings: breaker.openings },
    rest: { phase: resting, until: resting === "awake" ? null : rest.until },
    drained: provider.drained,
    pressure: pressureAt(endpoint.pressure, now),
    slowness: slownessAt(endpoint.slowness, now),
    ...{ weight, price: provider.price, priceFrom: provider.priceFrom, concurrency },
    inFlight: provider.slots.inUse,
    queue: provider.slots.waiting,
    calls: Object.fromEntries(
      [...expected].map(([key, seen]) => [
        key,
        { ...seen, score: scoreAmong(endpoint, key, peers, terms, now) },
      ]),
    ),
    counters: structuredClone(counters),
  };
}

/** Of any call it serves. */
function needOf({ model, serves, schedules }: Offer, { region, numerics }: RoutingTerms): Need {
  return { what: serves[0]!, model, revision: null, schedule: schedules[0]!, region, numerics };
}

function whyNotNow({ provider, breaker, rest }: Endpoint, now: number): WhyNotNow | null {
  if (provider.drained) return "drained";
  if (phaseOf(breaker, now) !== "closed") return "breaker";
  if (restOf(rest, now) !== "awake") return "resting";
  return provider.slots.hasRoom ? null : "full";
}

function scoreAmong(
  endpoint: Endpoint,
  key: string,
  peers: readonly Endpoint[],
  { route }: RoutingTerms,
  now: number,
): number {
  const seen = peers.filter((peer) => peer.expected.has(key));
  const bucket = { key, pictures: 1 };
  const takes = taking(peers, now);
  const ratings = seen.map(
    (peer) => standingOf(peer, { now, againAt: null, bucket, warm: bucket, takes }).rating,
  );
  return scores(ratings, route)[seen.indexOf(endpoint)]!;
}
