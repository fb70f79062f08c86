/** Every fault at every step of a generation, one at a time in each class, which are tried beside each other. */
import { randomOf } from "../ledger/random.ts";
import { hear, judge, type Lab, type Outcome } from "./asking/fulfilment.ts";
import { type Wish, wishOf } from "./asking/wish.ts";
import { OneFault, occasionOf, type Trial, trialsOf } from "./faults/each.ts";
import type { FaultRecord } from "./faults/record.ts";
import { nameOf } from "./proxy/fault.ts";

/** Numbers of these generations, apart from those of the crowds. */
const FIRST_NUMBER = 1_000_000;

/** @returns what came of each trial; one whose fault did not come about says so among its problems. */
export async function runEach(
  lab: Lab,
  { seed, every }: { readonly seed: number; readonly every: number },
  faults: FaultRecord,
): Promise<Outcome[]> {
  const director = new OneFault(lab.fleet.members, faults);
  await lab.fleet.direct(director);
  const lanes = [...lab.fleet.classes.keys()].map(async (numerics, lane) => {
    const random = randomOf(seed + 100 + lane);
    const model = wishOf(random, FIRST_NUMBER + lane, [numerics]);
    const body = { ...model.body, vpg: { ...model.body.vpg, scale: 1.5 } };
    const outcomes: Outcome[] = [];
    for (const trial of trialsOf(random).filter((_, i) => i % every === 0)) {
      const { manner } = wishOf(random, 0, [numerics]);
      outcomes.push(
        await tryOne(lab, director, { ...model, body, manner, previews: 0, twice: "no" }, trial, faults),
      );
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
): Promise<Outcome> {
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
  return { ...outcome, problems };
}
