/** What an answer, its stream, its record and the proxies say of one generation, where they do not agree. */
import type { Fleet } from "../endpoints/fleet.ts";
import { STEPS } from "../proxy/asked.ts";
import type { Shown, Told } from "./told.ts";
import type { Wish } from "./wish.ts";

/** @returns a sentence about each. */
export function contradictions({ body }: Wish, told: Told, shown: Shown, fleet: Fleet): string[] {
  const { status, steps } = shown;
  const found: string[] = [];
  const find = (what: string) => void found.push(`${told.generation}: ${what}`);
  const classOf = (name: string) => fleet.members.find((member) => member.name === name)?.numerics ?? name;
  if (status !== "completed") find(`its record says ${status}`);
  const listed = steps.map(({ step }) => step);
  if (!isSame(listed, [...Array(STEPS).keys()])) find(`its record has the steps ${listed}`);
  for (const { step, stats, routes } of steps) {
    const named = new Set(stats.map(({ numerics }) => numerics));
    const came = new Set(routes.map(({ endpoint }) => classOf(endpoint)));
    if (stats.length !== body.n) find(`step ${step} has ${stats.length} stats of ${body.n}`);
    if (!isSame([...named], [...came]))
      find(`step ${step} is said to be of ${[...named]} and came from ${[...came]}`);
    const askers = fleet.askedFor(told.generation, step);
    for (const { endpoint } of routes)
      if (!askers.has(endpoint))
        find(`step ${step} is said to come from ${endpoint}, which was not asked for it`);
  }
  const seen = [...new Set(steps.flatMap(({ stats }) => stats.map(({ numerics }) => numerics)))];
  if (!isSame(told.numerics, seen)) find(`it was told to be of ${told.numerics}, not ${seen}`);
  const allowed = allowedOf(body.numerics, fleet, seen);
  if (seen.some((numerics) => !allowed.includes(numerics)))
    find(`it asked for ${body.numerics} and came from ${seen}`);
  for (const { step, from, to, numerics } of told.failovers) {
    if (from === to || classOf(from) !== numerics.from || classOf(to) !== numerics.to)
      find(`step ${step} was told to go on from ${from} (${numerics.from}) at ${to} (${numerics.to})`);
  }
  return found;
}

/** The classes that its steps may be of. */
function allowedOf(asked: string, { classes }: Fleet, seen: readonly string[]): readonly string[] {
  if (asked === "any") return [...classes.keys()];
  return asked === "exact" ? seen.slice(0, 1) : [asked];
}

const isSame = (one: readonly unknown[], other: readonly unknown[]) =>
  JSON.stringify(one) === JSON.stringify(other);
