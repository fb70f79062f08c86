/** What all runs of an isolate share: the endpoints with their states, the budgets, the clock. */
import { Alarm } from "./alarm.ts";
import type { Attempt } from "./attempt.ts";
import { type Budget, fullBudget } from "./budget.ts";
import { Endpoint, type Provider } from "./endpoint.ts";
import { Hedges } from "./hedges.ts";
import { Outcomes } from "./outcomes.ts";
import type { Run } from "./run.ts";
import { Slots } from "./slots.ts";
import type { FleetPorts, Placed, RoutingSettings } from "./terms.ts";

export class Hub {
  readonly ports: FleetPorts;
  readonly settings: RoutingSettings;
  readonly alarm: Alarm;
  readonly outcomes: Outcomes;
  readonly hedges: Hedges;
  readonly providers = new Map<string, Provider>();
  /** Of retries, by model. */
  readonly budgets = new Map<string, Budget>();
  /** Who asks for a step of a picture, by its key, and the call under way for it. */
  readonly #claims = new Map<string, { readonly run: Run; readonly attempt: Attempt | null }>();
  readonly #endpoints = new Map<string, Endpoint[]>();

  constructor(offers: readonly Placed[], ports: FleetPorts, settings: RoutingSettings) {
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
   * A run asks for a picture's step: whatever an earlier run of the same generation still holds for it, or comes to hold,
   * is given back, since nobody is left who wants it.
   */
  claim(key: string, run: Run, attempt: Attempt | null): void {
    const before = this.#claims.get(key);
    if (before && before.run.id > run.id) {
      attempt?.leave();
      return;
    }
    if (before && before.run !== run) before.attempt?.leave();
    this.#claims.set(key, { run, attempt });
  }

  unclaim(key: string, run: Run): void {
    if (this.#claims.get(key)?.run === run) this.#claims.delete(key);
  }

  #providerOf({ provider, price, concurrency }: Placed): Provider {
    const known = this.providers.get(provider);
    if (known) return known;
    const slots = new Slots(concurrency, this.ports);
    const made = { slots, drained: false, drainedAt: 0, price, pricedAt: 0 };
    this.providers.set(provider, made);
    return made;
  }
}
