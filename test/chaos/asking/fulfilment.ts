/** One wish: its requests, and the judgement of all that came of them. */
import type { Edge } from "../endpoints/edge.ts";
import type { Fleet } from "../endpoints/fleet.ts";
import { ask, show } from "./client.ts";
import { contradictions } from "./contradictions.ts";
import type { Shown, Told } from "./told.ts";
import type { Undisturbed } from "./undisturbed.ts";
import type { Wish } from "./wish.ts";

/** What a run asks, before whom, and what it compares with. */
export interface Lab {
  readonly fleet: Fleet;
  readonly edge: Edge;
  readonly undisturbed: Undisturbed;
}

/** What came of a wish, not judged yet. */
export interface Heard {
  readonly wish: Wish;
  /** Null: lost. */
  readonly told: Told | null;
  /** Of a wish that was asked for twice. */
  readonly again: Told | null;
  readonly shown: Shown | null;
  /** Sentences about what should not be, but for pictures that differ. */
  readonly problems: readonly string[];
}

export interface Outcome extends Heard {
  /** The one fault that it met, where it met one. */
  readonly what?: string;
  /** All pictures are those of an undisturbed run by the same classes. */
  readonly isEqual: boolean;
  /** It was drawn more than once. */
  readonly isDoubled: boolean;
}

/** @param run names the run: an Idempotency-Key holds within one. */
export async function hear({ edge }: Lab, wish: Wish, run: string): Promise<Heard> {
  const problems: string[] = [];
  const noted = <Result>(work: Promise<Result>) =>
    work.catch((error: Error) => {
      problems.push(error.message);
      return null;
    });
  const key = wish.twice === "no" ? null : `${run}-${wish.number}`;
  const [told, again] = await answers(() => noted(ask(edge, wish, key)), wish);
  const shown = told && (await noted(show(edge, told.generation)));
  return { wish, told, again, shown, problems };
}

/** Holds what was heard against the record and against an undisturbed run, which takes as long as drawing it. */
export async function judge(lab: Lab, heard: Heard): Promise<Outcome> {
  const { wish, told, again, shown } = heard;
  const isDoubled = told !== null && again !== null && again.generation !== told.generation;
  const problems = [...heard.problems];
  if (isDoubled) problems.push(`${told.generation} and ${again.generation} under one key`);
  if (told && again && `${again.pictures}` !== `${told.pictures}`)
    problems.push(`${told.generation}: two answers under one key differ`);
  if (told && shown) problems.push(...contradictions(wish, told, shown, lab.fleet));
  const isEqual = told !== null && shown !== null && (await equals(lab, wish, told, shown));
  return { ...heard, isEqual, isDoubled, problems };
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
