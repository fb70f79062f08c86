/** Every fault at every step of a generation, one at a time in each class, which are tried beside each other. */
import { randomOf } from "../random.ts";
import { hear, judge, type Lab, type Outcome } from "./asking/fulfilment.ts";
import { triedAt } from "./asking/told.ts";
import { type Wish, wishOf } from "./asking/wish.ts";
import { OneFault, occasionOf, type Trial, trialsOf } from "./faults/each.ts";
import type { FaultRecord } from "./faults/record.ts";
import { FATAL, nameOf } from "./proxy/fault.ts";
import type { ChaosOptions } from "./run.ts";

/** What came of a generation that met one fault, and of which. */
export interface Tried extends Outcome {
  readonly what: string;
}

/** Numbers of these generations, apart from those of the crowds. */
const FIRST_NUMBER = 1_000_000;

/** So often each class draws before anything is spoilt: a step that was never seen is waited for a minute. */
const WARMING = 4;

/** After so many it says how far it is. */
const PROGRESS = 100;

/** @returns what came of each trial; one whose fault did not come about says so among its problems. */
export async function runEach(
  lab: Lab,
  { seed, every, log }: Pick<ChaosOptions, "seed" | "every" | "log">,
  faults: FaultRecord,
): Promise<Tried[]> {
  const director = new OneFault(lab.fleet.members, faults);
  await lab.fleet.direct(director);
  let done = 0;
  const lanes = [...lab.fleet.classes.keys()].map(async (numerics, lane) => {
    const random = randomOf(seed + 100 + lane);
    const model = wishOf(random, FIRST_NUMBER + lane, [numerics]);
    const body = { ...model.body, vpg: { ...model.body.vpg, scale: 1.5 } };
    const outcomes: Tried[] = [];
    for (let i = 0; i < WARMING; i++)
      outcomes.push({
        ...(await judge(lab, await hear(lab, { ...model, body, twice: "no" }, "warm"))),
        what: "no fault",
      });
    for (const trial of trialsOf(random).filter((_, i) => i % every === 0)) {
      const { manner } = wishOf(random, 0, [numerics]);
      outcomes.push(
        await tryOne(lab, director, { ...model, body, manner, previews: 0, twice: "no" }, trial, faults),
      );
      if (++done % PROGRESS === 0) log(`  ${done} faults so far`);
    }
    return outcomes;
  });
  const outcomes = (await Promise.all(lanes)).flat();
  await lab.fleet.direct(null);
  return outcomes;
}

async function tryOne(
  lab: Lab,
  director: OneFault,
  wish: Wish,
  trial: Trial,
  faults: FaultRecord,
): Promise<Tried> {
  const members = lab.fleet.classes.get(wish.body.numerics)!;
  if (occasionOf(trial) !== null) director.prepare(wish.body.numerics, trial);
  else if (trial.fault.act.kind === "refuse") {
    members[trial.fault.luck < 0.5 ? 0 : 1]!.proxy.shut(trial.fault.act.ms);
    faults.count(nameOf(trial.fault.act));
  }
  const outcome = await judge(lab, await hear(lab, wish, "each"));
  const missed = director.isWaiting(wish.body.numerics);
  await Promise.all(members.map(({ proxy }) => proxy.calm()));
  const what = `${nameOf(trial.fault.act)} at ${trial.address}`;
  const problems = outcome.problems.map((problem) => `${what}: ${problem}`);
  if (missed) problems.push(`${what}: did not come about`);
  else if (!isNoticed(trial, outcome, faults)) problems.push(`${what}: was taken for an answer`);
  return { ...outcome, problems, what };
}

/** Whether a step whose answer was none, or was spoilt for good, was asked for again: decoding is in no record. */
function isNoticed({ address, fault }: Trial, { told, shown }: Outcome, faults: FaultRecord): boolean {
  if (typeof address !== "number" || !FATAL.includes(fault.act) || !told || !shown) return true;
  const [incident] = faults.of(told.generation);
  return !incident?.isDone || triedAt(shown, address).some(({ endpoint }) => endpoint === incident.endpoint);
}
