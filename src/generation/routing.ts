/** What a generation tells routing: its plan's wishes, and the class that its committed steps have. */
import type { StepSource } from "../../adapters/contract.ts";
import type { Plan } from "../plan/plan.ts";
import type { Failover, RoutingTerms } from "../routing/terms.ts";
import type { GenerationEvent } from "./events.ts";
import type { JournalRow } from "./journal.ts";

/** The source of one run, made of all endpoints that may serve it. */
export type SourceFor = (terms: RoutingTerms) => StepSource;

/** The words of a plan that are no class's name. */
const WORDS = ["any", "exact"] as const;

/** How a plan's `numerics` is to be understood. */
export function numericsOf({ numerics }: Plan["routing"]): RoutingTerms["numerics"] {
  const word = WORDS.find((known) => known === numerics);
  return word ? { kind: word } : { kind: "class", name: numerics };
}

/**
 * The source of a run.
 * @param rows the steps committed so far; the last of them says in which class the pictures stand.
 * @param announce told of each change of endpoint.
 */
export function sourceOfRun(
  { sourceFor }: { readonly sourceFor: SourceFor },
  { routing, price, pictures }: Plan,
  rows: readonly JournalRow[],
  announce: (event: GenerationEvent) => void,
): StepSource {
  const { route, region } = routing;
  const homeClass = rows.at(-1)?.record.stats[0]?.numerics ?? null;
  return sourceFor({
    ...{ route, region, numerics: numericsOf(routing), homeClass },
    earnings: price.steps,
    onFailover: (failover) => announce(eventOf(failover, pictures.length)),
  });
}

/** A failover as those who listen are told of it. A decoding names no pictures: it may be all of them. */
function eventOf({ prefixKeys, ...told }: Failover, pictures: number): GenerationEvent {
  // A prefix key ends in its picture's number (engine/request.ts).
  const named = prefixKeys.map((key) => Number(key.slice(key.lastIndexOf("-") + 1)));
  const images = named.length > 0 ? named : Array.from({ length: pictures }, (_, i) => i);
  return { type: "failover", imageIndex: images[0]!, images, ...told };
}
