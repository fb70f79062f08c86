/** One offer as an isolate knows it: its states and what it has counted. */
import type { Billed, FaultKind } from "../../adapters/fault.ts";
import type { Offer } from "../../adapters/providers/load.ts";
import { type Breaker, closedBreaker } from "./breaker.ts";
import type { Bucket } from "./bucket.ts";
import { type Expected, faded, medianOf } from "./expected.ts";
import { type Pressure, relaxed } from "./pressure.ts";
import type { Provider } from "./provider.ts";
import { awake, type Rest } from "./rest.ts";
import { ordinary, type Slowness } from "./slowness.ts";

export interface Counters {
  /** Calls; each is answered, failed, or left by us. */
  asked: number;
  answered: number;
  left: number;
  readonly faults: Partial<Record<FaultKind["kind"], number>>;
  /** Of the faults: whether the provider will have charged for them. */
  readonly billed: Record<Billed, number>;
  /** Of the answers. */
  deviceMs: number;
  bytes: number;
  /** Millionths of the operator's currency. */
  cost: number;
}

export class Endpoint {
  readonly offer: Offer;
  readonly provider: Provider;
  breaker: Breaker = closedBreaker;
  rest: Rest = awake;
  pressure: Pressure = relaxed;
  /** By kind of call. */
  readonly expected = new Map<string, Expected>();
  slowness: Slowness = ordinary;
  /** By kind of call: when one was sent that was too dear by what was known, to see whether it still is. */
  readonly ventured = new Map<string, number>();
  readonly counters: Counters = {
    ...{ asked: 0, answered: 0, left: 0, faults: {}, billed: { no: 0, yes: 0, unknown: 0 } },
    ...{ deviceMs: 0, bytes: 0, cost: 0 },
  };

  constructor(offer: Offer, provider: Provider) {
    this.offer = offer;
    this.provider = provider;
  }

  /** Its name among the states that isolates share. */
  get key(): string {
    return `${this.offer.provider}/${this.offer.model}`;
  }

  get class(): string {
    return this.offer.numerics.class;
  }
}

/**
 * @param peers all endpoints of the model
 * @returns what a call takes there, for who has to be patient: as seen, else as its class takes, else made of a call
 *   without replay; null: nobody knows
 */
export function expectedAt(
  endpoint: Endpoint,
  bucket: Bucket,
  peers: readonly Endpoint[],
  now: number,
): Expected | null {
  return endpoint.expected.get(bucket.key) ?? expectedIn(endpoint.class, bucket, peers, now);
}

/** @returns what a call takes in a class, for who compares: the median of its endpoints, what was unusual fading */
export function expectedIn(
  name: string,
  bucket: Bucket,
  peers: readonly Endpoint[],
  now: number,
): Expected | null {
  const seen = medianOf(
    peers.flatMap((peer) => {
      const one = peer.class === name ? peer.expected.get(bucket.key) : undefined;
      return one ? [faded(one, now)] : [];
    }),
  );
  if (seen !== null || bucket.warm === undefined) return seen;
  const { key, times } = bucket.warm;
  const warm = expectedIn(name, { key, pictures: bucket.pictures }, peers, now);
  return warm && { ...warm, ms: warm.ms * times, deviceMs: warm.deviceMs * times };
}
