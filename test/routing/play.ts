/** Plays a schedule with the real fleet, the real engine and the real kernel, and says what was not as promised. */
import { Fleet } from "../../src/routing/fleet.ts";
import { Books } from "./books.ts";
import { Chance, seedOf } from "./chance.ts";
import { Clock } from "./clock.ts";
import { Generation } from "./generation.ts";
import { brokenBy } from "./invariants.ts";
import { Machine } from "./machine.ts";
import { offerOf } from "./offers.ts";
import type { PlannedGeneration, Schedule } from "./schedule.ts";
import { tinyPlan } from "./tiny.ts";

export interface Played {
  readonly broken: readonly string[];
  readonly generations: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly faults: number;
  readonly moves: number;
}

const sides = [1, 2, 3];

export async function play(schedule: Schedule): Promise<Played> {
  const clock = new Clock();
  const began = clock.now();
  const machines = schedule.machines.map(
    ({ name, numerics, speed, parallel }, i) =>
      new Machine({
        ...{ name, numerics, speed, parallel, clock },
        random: new Chance(seedOf(schedule.seed, 1_000 + i)).next,
      }),
  );
  const offers = machines.map((machine, i) => {
    const { concurrency, serves, weight, price } = schedule.machines[i]!;
    return offerOf(machine, { concurrency, serves, weight, price });
  });
  const { next: random } = new Chance(seedOf(schedule.seed, 2_000));
  const settings = { creditValue: null, hedging: schedule.hedging };
  const ports = { now: clock.now, sleep: clock.sleep, random, log: () => undefined };
  const fleet = new Fleet(offers, ports, settings);
  const books = new Books();
  let moves = 0;

  for (const { machine, from, to, trouble } of schedule.episodes) {
    clock.at(began + from, () => machines[machine]!.becomes(trouble));
    clock.at(began + to, () => machines[machine]!.becomes(null));
  }
  const begin = (planned: PlannedGeneration, i: number) => {
    const { seed, n, batch, previews, route, numerics } = planned;
    const onFailover = () => {
      moves++;
    };
    return new Generation({
      ...{ id: `gen${i}`, clock, books },
      plan: tinyPlan({ seed, n, batch, previews, sides }),
      sourceFor: (homeClass) => fleet.sourceFor({ route, region: null, numerics, homeClass, onFailover }),
    });
  };
  const generations: Generation[] = [];
  for (const [i, planned] of [...schedule.generations, ...schedule.later].entries()) {
    clock.at(began + planned.at, () => {
      generations[i] = begin(planned, i);
    });
    const { cancelAt, lostAt, lost } = planned;
    if (cancelAt !== null) clock.at(began + cancelAt, () => generations[i]!.cancel());
    if (lostAt !== null) clock.at(began + lostAt, () => generations[i]!.lose(lost));
  }
  await clock.run();
  // What was held by those who vanished is taken back in the end.
  clock.at(clock.now() + 120_000, () => undefined);
  await clock.run();

  const explanation = fleet.explain("tiny");
  const broken = await brokenBy({ schedule, generations, explanation, machines, books });
  const ended = (end: string) => generations.filter(({ ends }) => ends[0] === end).length;
  const faults = explanation.candidates.reduce(
    (sum, { counters }) => sum + Object.values(counters.faults).reduce((all, count) => all + count, 0),
    0,
  );
  return {
    broken,
    generations: generations.length,
    completed: ended("completed"),
    failed: ended("failed"),
    cancelled: ended("cancelled"),
    ...{ faults, moves },
  };
}
