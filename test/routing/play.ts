/** Plays a schedule with the real fleet, the real engine and the real kernel, and says what was not as promised. */
import type { StepSource } from "../../adapters/contract.ts";
import { Fleet } from "../../src/routing/fleet.ts";
import type { SharedFleet } from "../../src/routing/shared.ts";
import { randomOf, seedOf } from "../random.ts";
import { Books } from "./books.ts";
import { Clock } from "./clock.ts";
import { Generation } from "./generation.ts";
import { brokenBy } from "./invariants.ts";
import { Machine } from "./machine.ts";
import { offerOf } from "./offers.ts";
import { whileThere } from "./presence.ts";
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

/** How long a change takes from one isolate to the others, in ms. */
const boardMs = 20;

export async function play(schedule: Schedule): Promise<Played> {
  const clock = new Clock();
  const began = clock.now();
  const machines = schedule.machines.map(
    ({ name, numerics, region, speed, parallel }, i) =>
      new Machine({
        ...{ name, numerics, region, speed, parallel, clock },
        random: randomOf(seedOf(schedule.seed, 1_000 + i)).next,
      }),
  );
  const offers = machines.map((machine, i) => {
    const { concurrency, serves, weight, price } = schedule.machines[i]!;
    const source: StepSource = {
      step: async (request, signal) => {
        const answer = await whileThere(machine.step(request, signal));
        return { ...answer, logits: heard(answer.logits) };
      },
      decode: (request, signal) => whileThere(machine.decode(request, signal)),
    };
    return offerOf(machine, { concurrency, serves, weight, price, source });
  });
  const { next: random } = randomOf(seedOf(schedule.seed, 2_000));
  const { creditValue, hedging, isolates } = schedule;
  const sleep: typeof clock.sleep = (ms, signal) => whileThere(clock.sleep(ms, signal));
  /** Each tells the others, who hear it a little later. */
  const share = () => clock.at(clock.now() + boardMs, exchange);
  const ports = { now: clock.now, sleep, random, log: () => undefined, share };
  const fleets = Array.from({ length: isolates }, () => new Fleet(offers, ports, { creditValue, hedging }));
  const exchange = () => {
    if (fleets.length === 1) return;
    const told = fleets.map((fleet) => JSON.stringify(fleet.snapshot()));
    for (const fleet of fleets) for (const one of told) fleet.merge(JSON.parse(one) as SharedFleet);
  };
  const books = new Books();
  let moves = 0;

  for (const { machine, from, to, trouble } of schedule.episodes) {
    clock.at(began + from, () => machines[machine]!.becomes(trouble));
    clock.at(began + to, () => machines[machine]!.becomes(null));
  }
  for (const { machine, from, to } of schedule.drains) {
    const { name } = schedule.machines[machine]!;
    clock.at(began + from, () => void fleets[0]!.setDrain(name, true));
    clock.at(began + to, () => void fleets[0]!.setDrain(name, false));
  }
  const begin = (planned: PlannedGeneration, i: number) => {
    const { seed, n, batch, previews, route, region, numerics, earns } = planned;
    const earnings = earns === null ? undefined : Array<number>(sides.length).fill(earns);
    const common = { route, region, numerics, ...(earnings && { earnings }) };
    // A run that takes another's place does so in another isolate; not that of an object that has vanished, whose slots
    // would stay taken in the first until its calls' deadlines are over.
    const stays = planned.lost === "vanishes" && planned.lostAt !== null;
    let runs = 0;
    return new Generation({
      ...{ id: `gen${i}`, clock, books },
      plan: tinyPlan({ seed, n, batch, previews, sides }),
      sourceFor: (homeClass, moved) => {
        exchange();
        const onFailover = () => {
          moves++;
          moved();
        };
        return fleets[(i + (stays ? 0 : runs++)) % fleets.length]!.sourceFor({
          ...common,
          homeClass,
          onFailover,
        });
      },
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
  let before: readonly number[] = [];
  const { later } = schedule;
  if (later.length > 0)
    clock.at(began + later.at(-1)!.at - 1, () => {
      before = machines.map(({ asked }) => asked);
    });
  await clock.run();
  const atEnd = fleets.map((fleet) => fleet.explain("tiny"));
  // What was held by those who vanished is taken back in the end.
  clock.at(clock.now() + 120_000, exchange);
  await clock.run();

  const explanations = fleets.map((fleet) => fleet.explain("tiny"));
  const crowded = machines.map(({ asked }, i) => asked - (before[i] ?? 0));
  const broken = await brokenBy({ schedule, generations, atEnd, explanations, machines, crowded, books });
  const ended = (end: string) => generations.filter(({ ends }) => ends[0] === end).length;
  const candidates = explanations.flatMap((one) => one.candidates);
  const faults = candidates.reduce(
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

/** The same pieces, which come to nobody who is no longer there. */
function heard(pieces: AsyncIterable<Uint8Array>): AsyncIterableIterator<Uint8Array> {
  const source = pieces[Symbol.asyncIterator]();
  const logits: AsyncIterableIterator<Uint8Array> = {
    next: () => whileThere(source.next()),
    return: async () => (await source.return?.()) ?? { done: true as const, value: undefined },
    [Symbol.asyncIterator]: () => logits,
  };
  return logits;
}
