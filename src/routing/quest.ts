/** One step, or one decoding, of one run: whom to ask, whom next after a fault, and when to give up. */
import type { Tried } from "../../adapters/contract.ts";
import { Fault } from "../../adapters/fault.ts";
import { Attempt } from "./attempt.ts";
import type { Bucket } from "./bucket.ts";
import { credited, spent } from "./budget.ts";
import { type Endpoint, expectedAt } from "./endpoint.ts";
import type { Errand } from "./errand.ts";
import { timeAtMost } from "./expected.ts";
import type { Hub } from "./hub.ts";
import { patienceOf } from "./patience.ts";
import { type Choice, choose, hopeIn, isAdmitted, type Standing } from "./pick.ts";
import { policy } from "./policy.ts";
import type { Run } from "./run.ts";
import { fault, nobody } from "./said.ts";
import type { Lease } from "./slots.ts";
import { type Moment, standingOf, taking } from "./standing.ts";

/** An endpoint's answer, its end still to come. */
export interface Asked<A> {
  readonly attempt: Attempt;
  readonly answer: A;
}

interface Seat {
  readonly endpoint: Endpoint;
  readonly reason: Attempt["reason"];
  readonly lease: Lease;
}

export class Quest<A> {
  readonly #hub: Hub;
  readonly #run: Run;
  readonly #errand: Errand<A>;
  readonly #signal: AbortSignal;
  readonly #end: number;
  readonly #tried: Tried[] = [];
  /** When those who have failed may be asked again. */
  readonly #again = new Map<Endpoint, number>();
  #last: { readonly endpoint: Endpoint; readonly fault: Fault } | null = null;
  #rejections = 0;
  #isPaid = true;
  /** Until when a place in the run's own class is waited for, once all are taken there: as long as the call itself takes. */
  #homeUntil: number | null = null;

  constructor(hub: Hub, run: Run, errand: Errand<A>, signal: AbortSignal) {
    this.#hub = hub;
    this.#run = run;
    this.#errand = errand;
    this.#signal = signal;
    this.#end = hub.ports.now() + errand.deadlineMs;
    hub.claim(errand.generation, run, null, this.#end);
  }

  /** Who has failed so far. */
  get tried(): readonly Tried[] {
    return [...this.#tried];
  }

  /**
   * @returns the next answer
   * @throws Fault, the last one, where nobody is left or the time is over
   */
  async next(): Promise<Asked<A>> {
    try {
      return await this.#next();
    } catch (error) {
      this.#hub.unclaim(this.#errand.generation, this.#run, null);
      throw error;
    }
  }

  async #next(): Promise<Asked<A>> {
    for (;;) {
      await this.#pay();
      const attempt = await this.#sit();
      this.#tell(attempt);
      const asked = await this.#hub.hedges.ask<A>({
        attempt,
        signal: this.#signal,
        ask: (one, signal) => this.#errand.ask(one.endpoint, one.deadlineMs, signal),
        second: () => this.#second(attempt),
        failed: (one, error) => this.failed(one, error),
      });
      if (asked !== null) return asked;
    }
  }

  #tell(attempt: Attempt): void {
    const { endpoint } = attempt;
    if (this.#last === null || this.#last.endpoint === endpoint) return;
    try {
      this.#errand.movedOn(this.#last.endpoint, this.#last.fault, endpoint);
    } catch (error) {
      attempt.leave();
      throw error;
    }
  }

  /**
   * Writes a fault down.
   *
   * @throws it, where it is nobody's fault, or one too many
   */
  failed(attempt: Attempt, error: unknown): void {
    if (!(error instanceof Fault)) {
      attempt.leave();
      throw error;
    }
    const { ms, endpoint } = attempt;
    const { kind } = error.fault;
    if (this.#signal.aborted || kind === "cancelled") {
      attempt.leave();
      throw error;
    }
    attempt.fail(error);
    const phase = error.fault.kind === "timeout" ? { phase: error.fault.phase } : {};
    const { billed } = error;
    this.#tried.push({ endpoint: endpoint.offer.provider, fault: kind, ...phase, billed, ms });
    this.#last = { endpoint, fault: error };
    this.#again.set(endpoint, this.#againAt(endpoint, kind));
    this.#isPaid = false;
    if (kind === "rejected" && ++this.#rejections > 1) throw error;
    if (this.#tried.length >= policy.faults) throw error;
  }

  /** What is wrong with our request or our secrets is so a moment later as well. */
  #againAt(endpoint: Endpoint, kind: Tried["fault"]): number {
    if (kind === "rejected" || kind === "credentials") return Number.POSITIVE_INFINITY;
    const before = this.#tried.filter((one) => one.endpoint === endpoint.offer.provider).length - 1;
    const { now, random } = this.#hub.ports;
    return now() + policy.againMs * 2 ** before * (0.5 + 0.5 * random());
  }

  /** A retry takes a token; where there is none it waits for the next, so that a storm is slowed and nothing is lost. */
  async #pay(): Promise<void> {
    if (this.#isPaid) return;
    this.#isPaid = true;
    const { ports, budgets } = this.#hub;
    const { model } = this.#errand;
    const { budget, waitMs } = spent(budgets.get(model)!, ports.now());
    if (ports.now() + waitMs >= this.#end) throw this.#last!.fault;
    budgets.set(model, budget);
    if (waitMs === 0) return;
    await ports.sleep(waitMs, this.#signal).catch(() => undefined);
    if (!this.#signal.aborted) return;
    budgets.set(model, credited(budgets.get(model)!, 1, ports.now()));
    throw fault("cancelled", "the caller gave up");
  }

  /**
   * Waits until there is somebody to ask, and a slot there. The attempt begins in the same turn as the choice is made:
   * a strict run is bound by it, and its groups choose at once.
   */
  async #sit(): Promise<Attempt> {
    const { ports, alarm } = this.#hub;
    let resting = false;
    for (;;) {
      if (this.#signal.aborted) throw fault("cancelled", "the caller gave up");
      const left = this.#end - ports.now();
      if (left <= 0)
        throw this.#last?.fault ?? fault(resting ? "cold" : "overloaded", "nobody had room in time");
      const choice = this.#choose();
      switch (choice.kind) {
        case "none":
          throw this.#last?.fault ?? nobody(this.#errand.model);
        case "wait":
          resting = true;
          await alarm.wait(Math.min(left, choice.until - ports.now()), this.#signal);
          break;
        case "ask":
          return this.#attempt({ ...choice, lease: choice.endpoint.provider.slots.take() });
        case "queue": {
          const lease = await this.#queue(choice.endpoint);
          if (lease === null) break;
          if (this.#isStillGood(choice)) return this.#attempt({ ...choice, lease });
          lease.release();
        }
      }
    }
  }

  #queue(endpoint: Endpoint): Promise<Lease | null> {
    const stays = () => !this.#standings().some((one) => isAdmitted(one) && one.hasRoom);
    const { now } = this.#hub.ports;
    const isBound = this.#homeUntil !== null && now() < this.#homeUntil;
    const until = isBound ? Math.min(this.#end, this.#homeUntil!) : this.#end;
    return endpoint.provider.slots.wait(this.#run.id, until, stays, this.#signal);
  }

  /** Whether the one that was waited for has not gone out of use meanwhile, while others have not. */
  #isStillGood({ endpoint }: { readonly endpoint: Endpoint }): boolean {
    const standings = this.#standings();
    const own = standings.find((one) => one.endpoint === endpoint);
    return own !== undefined && (isAdmitted(own) || !standings.some(isAdmitted));
  }

  #choose(): Choice<Endpoint> {
    const { now, random } = this.#hub.ports;
    const all = this.#all();
    return choose(this.#standings(all), {
      sticky: this.#errand.holder,
      isRetry: this.#tried.length > 0,
      isOnly: all.length === 1,
      route: this.#run.terms.route,
      now: now(),
      random,
    });
  }

  /** All that the terms allow. */
  #all(): Standing<Endpoint>[] {
    const { now } = this.#hub.ports;
    const takes = taking(this.#hub.endpointsOf(this.#errand.model), now());
    return this.#errand.candidates().map((endpoint) => this.#standing(endpoint, takes));
  }

  /** A run that has a class looks no further while somebody of it is well and has room, or may have it soon. */
  #standings(all = this.#all()): Standing<Endpoint>[] {
    const own = all.filter(({ endpoint }) => endpoint.class === this.#run.home);
    const well = own.filter(isAdmitted);
    if (well.length === 0) return all;
    if (well.some(({ hasRoom }) => hasRoom)) return own;
    const now = this.#hub.ports.now();
    this.#homeUntil ??= now + Math.min(...well.map(({ warmMs, pictures }) => warmMs * pictures));
    return now < this.#homeUntil ? own : all;
  }

  #standing(endpoint: Endpoint, takes: Moment["takes"]): Standing<Endpoint> {
    return standingOf(endpoint, {
      now: this.#hub.ports.now(),
      againAt: this.#again.get(endpoint) ?? null,
      bucket: this.#bucketAt(endpoint),
      warm: this.#errand.warm,
      takes,
    });
  }

  #bucketAt(endpoint: Endpoint): Bucket {
    const { holder, warm, cold } = this.#errand;
    return endpoint === holder ? warm : cold;
  }

  #attempt({ endpoint, reason, lease }: Seat): Attempt {
    const deadlineMs = this.#deadlineAt(endpoint);
    lease.endsBy(this.#hub.ports.now() + deadlineMs);
    const bucket = this.#bucketAt(endpoint);
    const isProbe = endpoint.breaker.open ? reason === "probe" : endpoint.rest.times > 0;
    const { generation } = this.#errand;
    const told = this.#errand.asking(endpoint);
    const onEnd = (isAnswered: boolean) => {
      this.#hub.unclaim(generation, this.#run, attempt);
      told(isAnswered);
    };
    const attempt: Attempt = new Attempt(this.#hub.outcomes, {
      ...{ endpoint, reason, lease, bucket, deadlineMs, isProbe, onEnd },
    });
    this.#hub.claim(generation, this.#run, attempt, this.#end);
    return attempt;
  }

  #deadlineAt(endpoint: Endpoint): number {
    const now = this.#hub.ports.now();
    const bucket = this.#bucketAt(endpoint);
    const expected = expectedAt(endpoint, bucket, this.#hub.endpointsOf(this.#errand.model), now);
    const { slots } = endpoint.provider;
    return patienceOf({
      leftMs: this.#end - now,
      timeoutMs: endpoint.offer.timeoutMs,
      expectedMs: expected && timeAtMost(expected, bucket.pictures, slots.inUse),
      othersInMs: hopeIn(
        this.#all().filter((one) => one.endpoint !== endpoint),
        now,
      ),
    });
  }

  /** Somebody else who is well and has room, for a step that is late; null: nobody. */
  #second(first: Attempt): Attempt | null {
    const others = this.#standings().filter(
      (one) => isAdmitted(one) && one.hasRoom && one.endpoint !== first.endpoint,
    );
    if (others.length === 0) return null;
    const { endpoint } = others.reduce((best, one) => (one.rating.timeMs < best.rating.timeMs ? one : best));
    return this.#attempt({ endpoint, reason: "hedge", lease: endpoint.provider.slots.take() });
  }
}
