/** An endpoint's states at one moment, as the choice wants them. */
import { phaseOf } from "./breaker.ts";
import type { Bucket } from "./bucket.ts";
import { type Endpoint, expectedIn } from "./endpoint.ts";
import { medianOf } from "./expected.ts";
import type { Standing } from "./pick.ts";
import { policy } from "./policy.ts";
import { pressureAt } from "./pressure.ts";
import { restOf } from "./rest.ts";
import { rate } from "./score.ts";
import { slownessAt } from "./slowness.ts";

export interface Moment {
  readonly now: number;
  /** See `Standing`. */
  readonly againAt: number | null;
  readonly bucket: Bucket;
  /** The same call with the prefix in the cache. */
  readonly warm: Bucket;
  /** All endpoints of the model. */
  readonly peers: readonly Endpoint[];
}

export function standingOf(endpoint: Endpoint, moment: Moment): Standing<Endpoint> {
  const { breaker, rest, pressure, slowness, provider, offer } = endpoint;
  const { now, againAt, bucket, warm, peers } = moment;
  const pressed = pressureAt(pressure, now);
  const { pictures } = bucket;
  // A class that was never asked is taken to be like the others.
  const seen = (one: Bucket) =>
    expectedIn(endpoint.class, one, peers, now) ??
    medianOf(peers.flatMap((peer) => peer.expected.get(one.warm?.key ?? one.key) ?? []));
  const slow = slownessAt(slowness, now);
  return {
    endpoint,
    breaker: phaseOf(breaker, now),
    rest: restOf(rest, now),
    restUntil: rest.until,
    drained: provider.drained,
    hasRoom: provider.slots.hasRoom,
    pressure: pressed,
    rating: rate({
      expected: seen(bucket),
      inFlight: provider.slots.inUse,
      pressure: pressed,
      slowness: slow,
      pictures,
      weight: offer.weight,
      price: provider.price,
    }),
    warmMs: (seen(warm)?.ms ?? policy.unseenMs) * slow * (1 + pressed),
    againAt,
  };
}
