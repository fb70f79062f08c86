/** A fleet over machines that are only thought of, and generations made by it, for tests. */

import type { Offer } from "../../adapters/providers/load.ts";
import { Fleet } from "../../src/routing/fleet.ts";
import type { Failover, RoutingSettings, RoutingTerms } from "../../src/routing/terms.ts";
import { randomOf } from "../random.ts";
import { Clock } from "./clock.ts";
import { draw } from "./drawing.ts";
import { Machine, type MachineOptions } from "./machine.ts";
import { offerOf } from "./offers.ts";
import { tinyPlan } from "./tiny.ts";

/** Machines called a, b, c and so on, of the classes named, and a fleet of them. */
export function world(classes: readonly string[], options: WorldOptions = {}) {
  const clock = new Clock();
  const { next: random } = randomOf(options.seed ?? 7);
  const machines = classes.map((numerics, i) => {
    const name = String.fromCharCode(97 + i);
    const speed = { speed: 1, parallel: 2 };
    return new Machine({ name, numerics, clock, random, ...speed, ...options.machines?.[i] });
  });
  let shared = 0;
  const lines: string[] = [];
  const ports = {
    ...{ now: clock.now, random, sleep: clock.sleep },
    share: () => {
      shared++;
    },
    log: (line: string) => void lines.push(line),
  };
  const offers = machines.map((machine, i) => offerOf(machine, options.offers?.[i]));
  const fleet = new Fleet(offers, ports, { creditValue: null, hedging: false, ...options.settings });
  const failovers: Failover[] = [];
  const onFailover = (event: Failover) => void failovers.push(event);
  const terms = (own: Partial<RoutingTerms> = {}): RoutingTerms => ({
    ...{ route: "fastest", region: null, numerics: { kind: "any" }, homeClass: null, onFailover },
    ...own,
  });
  /** One generation to its end. */
  const make = (own: Partial<RoutingTerms> = {}, seed = 1, plan = tinyPlan({ seed })) =>
    clock.finish(draw(plan, fleet.sourceFor(terms(own)), clock, { id: `gen${seed}` }));
  return { clock, machines, fleet, terms, make, failovers, lines, shared: () => shared };
}

interface WorldOptions {
  readonly seed?: number;
  readonly machines?: readonly (Partial<MachineOptions> | undefined)[];
  readonly offers?: readonly (Partial<Offer> | undefined)[];
  readonly settings?: Partial<RoutingSettings>;
}

/** @returns what the picture of a seed is in a class where nothing happens */
export const undisturbed = (numerics: string, seed = 1) => world([numerics]).make({}, seed);
