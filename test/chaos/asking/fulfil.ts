/** One wish from its request to the judgement of all that came of it. */
import type { Edge } from "../endpoints/edge.ts";
import type { Fleet } from "../endpoints/fleet.ts";
import { STEPS } from "../proxy/asked.ts";
import { ask, show } from "./client.ts";
import type { Shown, Told } from "./told.ts";
import type { Undisturbed } from "./undisturbed.ts";
import type { Wish } from "./wish.ts";

/** What a run asks, before whom, and what it compares with. */
export interface Lab {
  readonly fleet: Fleet;
  readonly edge: Edge;
  readonly undisturbed: Undisturbed;
}

export interface Outcome {
  readonly wish: Wish;
  /** Absent: lost. */
  readonly told: Told | null;
  readonly shown: Shown | null;
  /** All pictures are those of an undisturbed run by the same classes. */
  readonly isEqual: boolean;
  /** It was drawn more than once. */
  readonly isDoubled: boolean;
  /** Sentences about what should not be. */
  readonly problems: readonly string[];
}

/** @param run names the run: an Idempotency-Key holds within one. */
export async function fulfil(lab: Lab, wish: Wish, run: string): Promise<Outcome> {
  const problems: string[] = [];
  const key = wish.twice === "no" ? null : `${run}-${wish.number}`;
  const once = () =>
    ask(lab.edge, wish, key).catch((error: Error) => {
      problems.push(`${error.message}`);
      return null;
    });
  const [told, again] = await answers(once, wish);
  if (!told) return { wish, told, shown: null, isEqual: false, isDoubled: false, problems };
  const isDoubled = again !== null && again.generation !== told.generation;
  if (isDoubled) problems.push(`${told.generation} and ${again.generation} under one key`);
  if (again && `${again.pictures}` !== `${told.pictures}`) problems.push("two answers under one key differ");
  const shown = await show(lab.edge, told.generation);
  problems.push(...problemsOf(wish, told, shown, lab.fleet));
  const isEqual = problems.length === 0 && (await equals(lab, wish, told, shown));
  if (!isEqual && problems.length === 0) problems.push("its pictures are not those of an undisturbed run");
  return { wish, told, shown, isEqual, isDoubled, problems };
}

/** The answers to a wish; the second one null where it is asked once. */
async function answers(
  once: () => Promise<Told | null>,
  { twice }: Wish,
): Promise<[Told | null, Told | null]> {
  if (twice === "beside") {
    const [one, other] = await Promise.all([once(), once()]);
    return [one && other && one, other];
  }
  const first = await once();
  return [first, first && twice === "after" ? await once() : null];
}

/** The class of each step, as its record says. */
export const classesOf = ({ steps }: Shown): string[] => steps.map(({ stats }) => stats[0]!.numerics);

/** The record tells all steps and names each class, and so does the answer. */
function problemsOf({ body }: Wish, told: Told, shown: Shown, { members, classes }: Fleet): string[] {
  const { status, steps } = shown;
  const problems: string[] = [];
  if (status !== "completed") problems.push(`its record says ${status}`);
  if (`${steps.map(({ step }) => step)}` !== `${Array.from({ length: STEPS }, (_, k) => k)}`)
    problems.push(`its record has the steps ${steps.map(({ step }) => step)}`);
  for (const { step, stats, routes } of steps) {
    const named = new Set(stats.map(({ numerics }) => numerics));
    const came = new Set(
      routes.map(({ endpoint }) => members.find(({ name }) => name === endpoint)?.numerics ?? endpoint),
    );
    if (stats.length !== body.n) problems.push(`step ${step} has ${stats.length} stats of ${body.n}`);
    if (`${[...named].sort()}` !== `${[...came].sort()}`)
      problems.push(`step ${step} is said to be of ${[...named]} and came from ${[...came]}`);
  }
  const seen = [...new Set(steps.flatMap(({ stats }) => stats.map(({ numerics }) => numerics)))];
  if (`${told.numerics}` !== `${seen}`) problems.push(`it was told to be of ${told.numerics}, not ${seen}`);
  const allowed = allowedOf(body.numerics, classes, seen);
  if (seen.some((numerics) => !allowed.includes(numerics)))
    problems.push(`it asked for ${body.numerics} and came from ${seen}`);
  return problems;
}

/** The classes that its steps may be of. */
function allowedOf(asked: string, classes: Fleet["classes"], seen: readonly string[]): readonly string[] {
  if (asked === "any") return [...classes.keys()];
  return asked === "exact" ? seen.slice(0, 1) : [asked];
}

/** Who may leave a class may be decoded by another one: the record does not say by which. */
async function equals({ fleet, undisturbed }: Lab, wish: Wish, told: Told, shown: Shown): Promise<boolean> {
  const steps = classesOf(shown);
  const decoders = wish.body.numerics === "any" ? fleet.classes.keys() : [steps[0]!];
  for (const decode of decoders) {
    const pictures = await undisturbed.pictures(wish, { steps, decode });
    if (`${pictures}` === `${told.pictures}`) return true;
  }
  return false;
}
