/** What others do, to compare with: one endpoint a picture, chosen so or so, and from the beginning again after a fault. */
import type { StepRequest, StepSource } from "../../adapters/contract.ts";
import { Fault } from "../../adapters/fault.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { Fleet } from "../../src/routing/fleet.ts";
import type { Clock } from "./clock.ts";
import { type Drawing, draw } from "./drawing.ts";
import { type Machine, unitsOf } from "./machine.ts";
import { offerOf } from "./offers.ts";

/** Makes one picture; rejects where it could not. */
export type Policy = (plan: Plan, id: string) => Promise<Drawing>;

export interface World {
  readonly machines: readonly Machine[];
  readonly clock: Clock;
  readonly random: () => number;
}

/** After so many tries a picture is lost. */
const most = 6;

/** Each call of the others is given up after this, in ms. */
const timeoutMs = 10_000;

/** Chooses for a picture, and is told of each call: how many ms a unit of work, or that it failed. */
interface Chooser {
  choose(): Machine;
  told(machine: Machine, ms: number, failed: boolean): void;
}

export const policies: Readonly<Record<string, (world: World) => Policy>> = {
  "power of two, breaker, patience, replay (ours)": ours,
  "weighted random, 5 s cooldown, restart": (world) => restarting(world, weightedRandom(world)),
  "lowest mean of the last 10, restart": (world) => restarting(world, lowestMean(world)),
  "round robin, restart": (world) => restarting(world, roundRobin(world)),
};

function ours({ machines, clock, random }: World): Policy {
  const ports = { now: clock.now, sleep: clock.sleep, random, log: () => undefined };
  const offers = machines.map((machine) => offerOf(machine));
  const fleet = new Fleet(offers, ports, { creditValue: null, hedging: false });
  return async (plan, id) => {
    const numerics = { kind: "exact" } as const;
    for (let wake = 1; ; wake++) {
      try {
        const source = fleet.sourceFor({ route: "fastest", region: null, numerics, homeClass: null });
        return await draw(plan, source, clock, { id });
      } catch (error) {
        if (wake === 3) throw error;
        await clock.sleep(1_000 * wake);
      }
    }
  };
}

function restarting({ clock }: World, chooser: Chooser): Policy {
  return async (plan, id) => {
    for (let attempt = 1; ; attempt++) {
      const machine = chooser.choose();
      try {
        return await draw(plan, told(machine, chooser, clock), clock, { id: `${id}.${attempt}` });
      } catch (error) {
        if (!(error instanceof Fault) || attempt === most) throw error;
        chooser.told(machine, timeoutMs, true);
      }
    }
  };
}

function told(machine: Machine, chooser: Chooser, clock: Clock): StepSource {
  const timed = async <T>(request: Partial<StepRequest>, call: () => Promise<T>): Promise<T> => {
    const began = clock.now();
    const answer = await call();
    chooser.told(machine, (clock.now() - began) / unitsOf(request.length ?? 1), false);
    return answer;
  };
  return {
    step: (request, signal) =>
      timed(request, () => machine.step({ ...request, deadlineMs: timeoutMs }, signal)),
    decode: (request, signal) => machine.decode({ ...request, deadlineMs: timeoutMs }, signal),
  };
}

function weightedRandom({ machines, clock, random }: World): Chooser {
  const until = new Map<Machine, number>();
  return {
    choose() {
      const warm = machines.filter((machine) => (until.get(machine) ?? 0) <= clock.now());
      const among = warm.length > 0 ? warm : machines;
      return among[Math.floor(random() * among.length)]!;
    },
    told(machine, _, failed) {
      if (failed) until.set(machine, clock.now() + 5_000);
    },
  };
}

function lowestMean({ machines }: World): Chooser {
  const last = new Map<Machine, number[]>(machines.map((machine) => [machine, []]));
  const meanOf = (machine: Machine) => {
    const samples = last.get(machine)!;
    return samples.length === 0 ? 0 : samples.reduce((sum, ms) => sum + ms, 0) / samples.length;
  };
  return {
    choose: () => machines.reduce((best, machine) => (meanOf(machine) < meanOf(best) ? machine : best)),
    told: (machine, ms) => void last.set(machine, [...last.get(machine)!, ms].slice(-10)),
  };
}

function roundRobin({ machines }: World): Chooser {
  let next = 0;
  return {
    choose: () => machines[next++ % machines.length]!,
    told: () => undefined,
  };
}
