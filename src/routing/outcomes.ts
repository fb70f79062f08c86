/** What becomes of calls, written into the state of their endpoints, and told to other isolates where it matters there. */
import type { Fault } from "../../adapters/fault.ts";
import type { Work } from "./attempt.ts";
import { afterFault, afterSuccess, type Breaker, probe, probeLeft } from "./breaker.ts";
import type { Bucket } from "./bucket.ts";
import { type Budget, credited } from "./budget.ts";
import { type Endpoint, expectedIn } from "./endpoint.ts";
import { observed, type Sample } from "./expected.ts";
import { policy } from "./policy.ts";
import { afterTrouble } from "./pressure.ts";
import { afterAnswer, afterCold, knock, knockLeft, type Rest } from "./rest.ts";
import { costOf } from "./score.ts";
import { afterCall } from "./slowness.ts";
import type { FleetPorts } from "./terms.ts";

interface Seen {
  readonly ms: number;
  readonly began: number;
  readonly load: number;
  readonly bucket: Bucket;
}

export class Outcomes {
  readonly #ports: FleetPorts;
  readonly #ring: () => void;
  /** By model. */
  readonly #budgets: Map<string, Budget>;
  readonly #peersOf: (model: string) => readonly Endpoint[];

  /**
   * @param peersOf all endpoints of a model
   * @param ring wakes those who wait for an endpoint to come back
   */
  constructor(
    ports: FleetPorts,
    budgets: Map<string, Budget>,
    peersOf: (model: string) => readonly Endpoint[],
    ring: () => void,
  ) {
    this.#ports = ports;
    this.#budgets = budgets;
    this.#peersOf = peersOf;
    this.#ring = ring;
  }

  now(): number {
    return this.#ports.now();
  }

  /** @param until when a probe will have ended at the latest */
  asked(endpoint: Endpoint, isProbe: boolean, until: number): void {
    endpoint.counters.asked++;
    if (!isProbe) return;
    if (endpoint.breaker.open) endpoint.breaker = probe(endpoint.breaker, until);
    if (endpoint.rest.times > 0) endpoint.rest = knock(endpoint.rest, until);
  }

  answered(endpoint: Endpoint, { work, bucket, began, ...seen }: Seen & { work: Work }): void {
    const now = this.now();
    const { counters, provider } = endpoint;
    const sample = { ...seen, pictures: bucket.pictures, work };
    this.#observe(endpoint, bucket, sample, now);
    counters.answered++;
    counters.deviceMs += work.deviceMs;
    counters.bytes += work.bytes;
    counters.cost += costOf(provider.price, { ms: seen.ms, ...work }, 1);
    const { model } = endpoint.offer;
    this.#budgets.set(model, credited(this.#budgets.get(model)!, policy.budget.perSuccess, now));
    this.#become(
      endpoint,
      afterSuccess(endpoint.breaker, began, now),
      afterAnswer(endpoint.rest, began, now),
      null,
    );
  }

  failed(endpoint: Endpoint, fault: Fault, { isProbe, ...seen }: Seen & { isProbe: boolean }): void {
    const now = this.now();
    const { counters } = endpoint;
    const { kind } = fault.fault;
    counters.faults[kind] = (counters.faults[kind] ?? 0) + 1;
    counters.billed[fault.billed]++;
    // Who had less time than it takes has been late through us.
    const { bucket, ms } = seen;
    const isHurried =
      kind === "timeout" && ms < (endpoint.expected.get(bucket.key)?.ms ?? 0) * bucket.pictures;
    const isLate = kind === "timeout" && !isHurried;
    if (isLate) this.#observe(endpoint, bucket, { ...seen, pictures: bucket.pictures }, now);
    if (isLate || kind === "overloaded" || kind === "unreachable")
      endpoint.pressure = afterTrouble(endpoint.pressure, now);
    const rests = kind === "cold" || (kind === "overloaded" && fault.retryAfterMs !== null);
    let { breaker, rest } = endpoint;
    if (rests) rest = afterCold(rest, fault.retryAfterMs, now);
    // Who reads a request and refuses it is awake.
    else if (kind === "rejected") rest = afterAnswer(rest, seen.began, now);
    else if (isProbe) rest = knockLeft(rest);
    if (rests || isHurried || kind === "rejected") {
      if (isProbe) breaker = probeLeft(breaker);
    } else {
      const how = kind === "corrupt" || kind === "credentials" ? "at once" : "counts";
      breaker = afterFault(breaker, how, isProbe && breaker.open, now, this.#ports.random());
    }
    this.#become(endpoint, breaker, rest, fault);
  }

  left(endpoint: Endpoint, isProbe: boolean): void {
    endpoint.counters.left++;
    if (!isProbe) return;
    endpoint.breaker = probeLeft(endpoint.breaker);
    endpoint.rest = knockLeft(endpoint.rest);
  }

  #observe(endpoint: Endpoint, bucket: Bucket, sample: Sample, now: number): void {
    const { expected, slowness } = endpoint;
    const { key, pictures } = bucket;
    const ofClass = expectedIn(endpoint.class, bucket, this.#peersOf(endpoint.offer.model), now);
    if (ofClass !== null) endpoint.slowness = afterCall(slowness, sample.ms / pictures, ofClass.ms, now);
    // Of a call that never ended nobody knows what it takes.
    if (sample.work || expected.has(key)) expected.set(key, observed(expected.get(key), sample, now));
  }

  /** Takes over new states; what others should know is shared, what somebody may wait for rings. */
  #become(endpoint: Endpoint, breaker: Breaker, rest: Rest, fault: Fault | null): void {
    const { breaker: was, rest: rested } = endpoint;
    endpoint.breaker = breaker;
    endpoint.rest = rest;
    const isShifted = breaker.at !== was.at || breaker.open !== was.open;
    const isRested = rest.at !== rested.at;
    const { key } = endpoint;
    if (fault !== null) this.#ports.log(`route: ${fault.message}`);
    if (isShifted)
      this.#ports.log(
        `route: ${key} is ${breaker.open ? `out of use until ${breaker.until}` : "back in use"}`,
      );
    if (isRested && rest.times > 0) this.#ports.log(`route: ${key} rests until ${rest.until}`);
    if (!isShifted && !isRested) return;
    this.#ports.share?.();
    if (!breaker.open && rest.times === 0) this.#ring();
  }
}
