/** Chaos: every fault at every step, then crowds in all weathers, then the ledger; before real endpoints and a real Worker. */
import { performance } from "node:perf_hooks";
import { randomOf } from "../random.ts";
import { type Heard, hear, judge, type Lab, type Outcome } from "./asking/fulfilment.ts";
import { Undisturbed } from "./asking/undisturbed.ts";
import { type Wish, wishOf } from "./asking/wish.ts";
import { crowd } from "./crowd.ts";
import { runEach } from "./each.ts";
import { startEdge } from "./endpoints/edge.ts";
import { type Kinds, startFleet } from "./endpoints/fleet.ts";
import { FaultRecord } from "./faults/record.ts";
import { phaseOf, Weather } from "./faults/weather.ts";
import { type FlipCounts, runFlips } from "./flips.ts";
import { auditMoney } from "./money.ts";

export interface ChaosOptions {
  readonly seed: number;
  /** Of the crowds; those that meet each fault come on top. */
  readonly generations: number;
  readonly endpoints: Kinds;
  /** One of how many trials of each fault at each step is made. */
  readonly every: number;
  /** How many generations meet one random bit. */
  readonly flips: number;
  readonly log: (line: string) => void;
}

export interface ChaosReport {
  /** Of generations that met one fault, and of the crowds. */
  readonly outcomes: readonly Outcome[];
  /** Generations that met one fault, by its name. */
  readonly eachMs: readonly { readonly what: string; readonly ms: number }[];
  /** The crowds without any fault, and with: milliseconds. */
  readonly calmMs: readonly number[];
  readonly disturbedMs: readonly number[];
  readonly faults: FaultRecord;
  readonly flips: FlipCounts;
  /** Sentences about what is wrong with the books, or with an undisturbed run. */
  readonly findings: readonly string[];
  readonly classes: readonly string[];
}

/** Generations at a time. */
const AT_ONCE = 6;
/** Generations of one weather. */
const PHASE = 12;

/** The same seed asks for the same pictures and chooses the same faults; which endpoint meets them is the router's choice. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, generations, endpoints, log } = options;
  const fleet = await startFleet(endpoints);
  const classes = [...fleet.classes.keys()];
  log(
    `${fleet.members.length} endpoints of ${classes.length} exact class${classes.length > 1 ? "es" : ""}: ${classes.join(", ")}`,
  );
  try {
    const edge = await startEdge(fleet.providers);
    try {
      const lab: Lab = { fleet, edge, undisturbed: new Undisturbed(fleet) };
      const faults = new FaultRecord();
      const each = await timed(log, "every fault at every step", () => runEach(lab, options, faults));
      const wishes = wishesOf(seed, generations, classes);
      const calm = await timed(log, "the crowd undisturbed", () => runCalm(lab, wishes));
      const storm = await timed(log, "the crowd in all weathers", () =>
        runStorm(lab, wishes, seed, faults, log),
      );
      const flips = await timed(log, "random bits", () => runFlips(lab, options));
      const drawn = [...each, ...calm, ...storm, ...flips.outcomes];
      const findings = await timed(log, "the audit", () => auditMoney(edge, drawn));
      const others = [...calm, ...flips.outcomes].flatMap(({ problems }) => problems);
      const unlike = calm
        .filter(({ isEqual }) => !isEqual)
        .map(({ told }) => `undisturbed: ${told?.generation} differs`);
      const ms = (outcomes: readonly Outcome[]) => outcomes.flatMap(({ told }) => told?.ms ?? []);
      return {
        outcomes: [...each, ...storm],
        eachMs: each.flatMap(({ what, told }) => (told ? [{ what, ms: told.ms }] : [])),
        calmMs: ms(calm),
        disturbedMs: ms(storm),
        faults,
        flips: flips.counts,
        findings: [...others, ...unlike, ...findings],
        classes,
      };
    } finally {
      await edge.close();
    }
  } finally {
    await fleet.close();
  }
}

async function timed<Result>(
  log: (line: string) => void,
  what: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const began = performance.now();
  const result = await work();
  log(`${what}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  return result;
}

/** Half of them strict: one class by its name, or whichever it is begun in. */
function wishesOf(seed: number, count: number, classes: readonly string[]): Wish[] {
  const random = randomOf(seed);
  const numerics = ["any", "any", "any", "exact", ...classes];
  return Array.from({ length: count }, (_, number) => wishOf(random, number, numerics));
}

async function runCalm(lab: Lab, wishes: readonly Wish[]): Promise<Outcome[]> {
  const heard = await crowd(wishes, AT_ONCE, (wish) => hear(lab, wish, "calm"));
  return judged(lab, heard);
}

/** Phase after phase; in each only what can be drawn in it is asked for. */
async function runStorm(
  lab: Lab,
  wishes: readonly Wish[],
  seed: number,
  faults: FaultRecord,
  log: (line: string) => void,
): Promise<Outcome[]> {
  const relaxed = wishes.filter(({ body }) => body.numerics === "any").map(({ number }) => number);
  const weather = new Weather(seed, lab.fleet, new Set(relaxed), faults);
  const random = randomOf(seed + 1);
  const outcomes: Outcome[] = [];
  for (let from = 0; from < wishes.length; from += PHASE) {
    const phase = phaseOf(random, from / PHASE, lab.fleet);
    const lot = wishes.slice(from, from + PHASE).map((wish) => withinReach(wish, phase.alive));
    await lab.fleet.direct(weather);
    weather.begin(phase);
    const came = await judged(lab, await crowd(lot, AT_ONCE, (wish) => hear(lab, wish, "storm")));
    log(`  ${phase.what}: ${came.filter(({ isEqual }) => isEqual).length} of ${came.length} equal`);
    outcomes.push(...came);
  }
  await lab.fleet.direct(null);
  return outcomes;
}

/** Who asks for a class that is dead asks for one that is alive instead. */
function withinReach(wish: Wish, alive: readonly string[]): Wish {
  const { numerics } = wish.body;
  const isFree = numerics === "any" || numerics === "exact";
  return isFree || alive.includes(numerics) ? wish : { ...wish, body: { ...wish.body, numerics: alive[0]! } };
}

/** Once nobody is timed any more. */
async function judged(lab: Lab, heard: readonly Heard[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const one of heard) outcomes.push(await judge(lab, one));
  return outcomes;
}
