/** What all runs of an isolate share: the endpoints with their states, the budgets, the clock. */
import type { Offer } from "../../adapters/providers/load.ts";
import { Alarm } from "./alarm.ts";
import type { Attempt } from "./attempt.ts";
import { type Budget, fullBudget } from "./budget.ts";
import { Endpoint } from "./endpoint.ts";
import { Hedges } from "./hedges.ts";
import { Outcomes } from "./outcomes.ts";
import { policy } from "./policy.ts";
import { Provider } from "./provider.ts";
import type { Run } from "./run.ts";
import { Slots } from "./slots.ts";
import type { FleetPorts, RoutingSettings } from "./terms.ts";

interface Claim {
  readonly run: Run;
  /** Its calls under way. */
  readonly attempts: Set<Attempt>;
  /** They have ended by then, or their object has gone without a word. */
  readonly until: number;
}

export class Hub {
  readonly ports: FleetPorts;
  readonly settings: RoutingSettings;
  readonly alarm: Alarm;
  readonly outcomes: Outcomes;
  readonly hedges: Hedges;
  readonly providers = new Map<string, Provider>();
  /** Of retries, by model. */
  readonly budgets = new Map<string, Budget>();
  /** The newest run of each generation that has calls under way. */
  readonly #claims = new Map<string, Claim>();
  readonly #endpoints = new Map<string, Endpoint[]>();

  constructor(offers: readonly Offer[], ports: FleetPorts, settings: RoutingSettings) {
    this.ports = ports;
    this.settings = settings;
    this.alarm = new Alarm(ports.sleep);
    this.outcomes = new Outcomes(
      ports,
      this.budgets,
      (model) => this.endpointsOf(model),
      () => this.alarm.ring(),
    );
    this.hedges = new Hedges(ports, settings.hedging);
    for (const offer of offers) {
      const endpoint = new Endpoint(offer, this.#providerOf(offer));
      this.#endpoints.set(offer.model, [...this.endpointsOf(offer.model), endpoint]);
      this.budgets.set(offer.model, fullBudget(ports.now()));
    }
  }

  /** All that offer a model, whatever their state. */
  endpointsOf(model: string): readonly Endpoint[] {
    return this.#endpoints.get(model) ?? [];
  }

  get endpoints(): readonly Endpoint[] {
    return [...this.#endpoints.values()].flat();
  }

  /**
   * A run asks for something: whatever an earlier run of the same generation still holds, or comes to hold, is given back,
   * since nobody is left who wants it.
   *
   * @param until when its time is over, in ms: an object that has gone without a word is remembered no longer
   */
  claim(generation: string, run: Run, attempt: Attempt | null, until: number): void {
    this.#forget();
    const before = this.#claims.get(generation);
    if (before && before.run.id > run.id) {
      attempt?.leave();
      return;
    }
    const own = before?.run === run ? before : null;
    if (!own) for (const lost of before?.attempts ?? []) lost.leave();
    const attempts = own?.attempts ?? new Set<Attempt>();
    if (attempt) attempts.add(attempt);
    this.#claims.delete(generation);
    this.#claims.set(generation, { run, attempts, until: Math.max(own?.until ?? 0, until + policy.graceMs) });
  }

  /** How many are under way, as far as is known. */
  get claims(): number {
    this.#forget();
    return this.#claims.size;
  }

  /** From the oldest on, until one comes that may still be wanted. */
  #forget(): void {
    const now = this.ports.now();
    for (const [key, { until }] of this.#claims) {
      if (now <= until) return;
      this.#claims.delete(key);
    }
  }

  /** A call has ended, or was never made. */
  unclaim(generation: string, run: Run, attempt: Attempt | null): void {
    const claim = this.#claims.get(generation);
    if (claim?.run !== run) return;
    if (attempt) claim.attempts.delete(attempt);
    if (claim.attempts.size === 0) this.#claims.delete(generation);
  }

  #providerOf({ provider, price, concurrency }: Offer): Provider {
    const known = this.providers.get(provider);
    if (known) return known;
    const slots = new Slots(concurrency, this.ports);
    const made = new Provider(slots, price);
    this.providers.set(provider, made);
    return made;
  }
}
