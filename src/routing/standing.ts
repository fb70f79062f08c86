/** An endpoint's states at one moment, as the choice wants them. */
import { phaseOf } from "./breaker.ts";
import type { Bucket } from "./bucket.ts";
import { type Endpoint, expectedIn } from "./endpoint.ts";
import { type Expected, medianOf } from "./expected.ts";
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
  /** @returns what a kind of call takes in a class (`expectedIn`), or, where that was never asked, in any */
  readonly takes: (name: string, bucket: Bucket) => Expected | null;
}

/**
 * @param peers all endpoints of the model
 * @returns a `takes` that looks each up once
 */
export function taking(peers: readonly Endpoint[], now: number): Moment["takes"] {
  const known = new Map<string, Expected | null>();
  return (name, bucket) => {
    const key = `${bucket.key} ${name}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const any = () =>
      medianOf(peers.flatMap((peer) => peer.expected.get(bucket.warm?.key ?? bucket.key) ?? []));
    const looked = expectedIn(name, bucket, peers, now) ?? any();
    known.set(key, looked);
    return looked;
  };
}

export function standingOf(endpoint: Endpoint, moment: Moment): Standing<Endpoint> {
  const { breaker, rest, pressure, slowness, provider, offer } = endpoint;
  const { now, againAt, bucket, warm, takes } = moment;
  const pressed = pressureAt(pressure, now);
  const { pictures } = bucket;
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
      expected: takes(endpoint.class, bucket),
      inFlight: provider.slots.inUse,
      pressure: pressed,
      slowness: slow,
      pictures,
      weight: offer.weight,
      price: provider.price,
    }),
    warmMs: (takes(endpoint.class, warm)?.ms ?? policy.unseenMs) * slow * (1 + pressed),
    pictures,
    againAt,
  };
}
