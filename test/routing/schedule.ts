/** One schedule of the simulation, made from a seed: a fleet, its bad days, and a crowd of generations. */
import type { Numerics, Preference } from "../../src/routing/terms.ts";
import { type Random, randomOf } from "../random.ts";
import type { Trouble } from "./machine.ts";

export interface PlannedMachine {
  readonly name: string;
  readonly numerics: string;
  readonly region: string;
  readonly speed: number;
  readonly parallel: number;
  readonly concurrency: number;
  readonly serves: readonly ("step" | "decode")[];
  readonly weight: number;
  readonly price: { readonly second: number; readonly gigabyte: number };
}

/** A bad day, in ms from the beginning. */
export interface Episode {
  readonly machine: number;
  readonly from: number;
  readonly to: number;
  readonly trouble: Trouble;
}

/** A time, in ms from the beginning, in which the operator has a provider drained. */
export interface Drain {
  readonly machine: number;
  readonly from: number;
  readonly to: number;
}

export interface PlannedGeneration {
  readonly at: number;
  readonly seed: number;
  readonly n: number;
  readonly batch: number;
  readonly previews: number;
  readonly route: Preference;
  readonly numerics: Numerics;
  readonly region: string | null;
  /** Micro-credits a picture that each step earns; null: nothing is said. */
  readonly earns: number | null;
  /** When its caller goes away; null: stays. */
  readonly cancelAt: number | null;
  /** When its object is lost, and what becomes of the run in it: nothing more is heard of it, or it goes on unknowingly. */
  readonly lostAt: number | null;
  readonly lost: "vanishes" | "goes on";
}

export interface Schedule {
  readonly seed: number;
  readonly machines: readonly PlannedMachine[];
  readonly episodes: readonly Episode[];
  readonly drains: readonly Drain[];
  /** How many isolates make its pictures, and tell each other what they learn. */
  readonly isolates: number;
  readonly creditValue: number | null;
  readonly generations: readonly PlannedGeneration[];
  readonly hedging: boolean;
  /** Whether one machine of each class that serves everything, lies where all may go, and costs nothing has no bad day. */
  readonly isGuarded: boolean;
  /** Generations that come when all bad days are over: to see who is back in use. */
  readonly later: readonly PlannedGeneration[];
}

/** The longest that a call may hang, and an endpoint stay out of use because of it, and some. */
const recoveryMs = 60_000 + 30_000 + 10_000;

/** The crowd comes when the few before it have long been made. */
const crowdAfterMs = 60_000;

const doomMs = 600_000;

/** @returns the schedule of a seed, always the same */
export function scheduleOf(seed: number): Schedule {
  const random = randomOf(seed);
  const classes = random.chance(0.5) ? ["x"] : ["x", "y"];
  const isGuarded = random.chance(0.7);
  /** Nobody is well for so long that generations have to fail. */
  const isDoomed = !isGuarded && random.chance(0.05);
  const machines = Array.from({ length: random.wholeBetween(2, 5) }, (_, i) => machineOf(random, i, classes));
  const spanMs = random.pick([300, 1_000, 4_000]);
  const episodes = machines.flatMap((_, machine) => {
    // The first of each class is the guarded one.
    if (isGuarded && machine < classes.length) return [];
    if (isDoomed) return [{ machine, from: spanMs / 4, to: doomMs, trouble: troubleOf(random) }];
    return Array.from({ length: random.wholeBetween(0, 3) }, () => episodeOf(random, machine, spanMs));
  });
  const generations = Array.from({ length: random.wholeBetween(3, 8) }, (_, i) =>
    generationOf(random, seed, i, random.between(0, spanMs), classes),
  );
  const drains = machines.flatMap((_, machine) => {
    const from = random.between(0, spanMs);
    return random.chance(0.15) ? [{ machine, from, to: from + random.between(10, spanMs) }] : [];
  });
  const over = Math.max(spanMs, ...[...episodes, ...drains].map(({ to }) => to));
  const isolates = random.chance(0.25) ? 2 : 1;
  const later = random.chance(0.1) ? laterOf(seed, over + recoveryMs, isolates, machines) : [];
  const settings = { hedging: random.chance(0.2), creditValue: random.chance(0.3) ? 1 : null };
  return { seed, machines, episodes, drains, generations, isolates, ...settings, isGuarded, later };
}

/** A few one after the other, then so many at once that every slot of every machine is needed. */
function laterOf(
  seed: number,
  at: number,
  isolates: number,
  machines: readonly PlannedMachine[],
): PlannedGeneration[] {
  const few = Array.from({ length: 10 }, (_, i) => calmOf(seed, 100 + i, at + 1_500 * i));
  const slots = machines.reduce((sum, { concurrency }) => sum + concurrency, 1);
  const crowd = Array.from({ length: isolates * slots }, (_, i) => calmOf(seed, 200 + i, at + crowdAfterMs));
  return [...few, ...crowd];
}

function machineOf(random: Random, i: number, classes: readonly string[]): PlannedMachine {
  const parallel = random.wholeBetween(1, 3);
  const isFirst = i < classes.length;
  return {
    name: `m${i}`,
    numerics: classes[i % classes.length]!,
    region: isFirst || random.chance(0.6) ? "eu-1" : "us-1",
    speed: random.between(0.5, 3),
    parallel,
    concurrency: parallel + random.wholeBetween(0, 3),
    serves: isFirst || random.chance(0.8) ? ["step", "decode"] : ["step"],
    weight: random.pick([1, 1, 2]),
    price: isFirst
      ? { second: 0, gigabyte: 0 }
      : { second: random.pick([0, 100, 1_000]), gigabyte: random.pick([0, 10]) },
  };
}

function episodeOf(random: Random, machine: number, spanMs: number): Episode {
  const from = random.between(0, spanMs);
  return { machine, from, to: from + random.between(10, spanMs), trouble: troubleOf(random) };
}

function troubleOf(random: Random): Trouble {
  const retryAfterMs = random.pick([null, null, 200, 3_000]);
  const share = random.pick([0.1, 0.5, 1]);
  return random.pick<Trouble>([
    { kind: "gray", times: random.pick([3, 10, 100]) },
    { kind: "dead" },
    { kind: "dead" },
    { kind: "hang" },
    { kind: "cold", retryAfterMs },
    { kind: "overload", retryAfterMs },
    { kind: "credentials" },
    { kind: "rejects" },
    { kind: "corrupt", share, where: random.pick(["head", "body", "row"]) },
    { kind: "flaky", share },
  ]);
}

function generationOf(
  random: Random,
  seed: number,
  i: number,
  at: number,
  classes: readonly string[],
): PlannedGeneration {
  const n = random.pick([1, 1, 2, 3]);
  return {
    ...{ at, seed: (seed % 1_000_000) * 1_000 + i, n },
    batch: random.wholeBetween(1, n),
    previews: random.pick([0, 0, 2]),
    route: random.pick(["fastest", "balanced", "cheapest"]),
    numerics: random.pick<Numerics>([
      { kind: "any" },
      { kind: "exact" },
      { kind: "class", name: random.pick(classes) },
    ]),
    region: random.pick([null, null, "eu"]),
    earns: random.pick([null, 5, 100]),
    cancelAt: random.chance(0.1) ? at + random.between(0, 200) : null,
    lostAt: random.chance(0.15) ? at + random.between(0, 200) : null,
    lost: random.pick(["vanishes", "goes on"]),
  };
}

function calmOf(seed: number, i: number, at: number): PlannedGeneration {
  return {
    ...{ at, seed: (seed % 1_000_000) * 1_000 + i, n: 1, batch: 1, previews: 0, route: "fastest" },
    ...{
      numerics: { kind: "any" },
      region: null,
      earns: null,
      cancelAt: null,
      lostAt: null,
      lost: "vanishes",
    },
  };
}
