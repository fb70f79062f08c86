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
 * @param rows the steps committed so far; the first of them says in which class the picture was begun.
 * @param announce told of each change of endpoint.
 */
export function sourceOfRun(
  { sourceFor }: { readonly sourceFor: SourceFor },
  { routing }: Plan,
  rows: readonly JournalRow[],
  announce: (event: GenerationEvent) => void,
): StepSource {
  const { route, region } = routing;
  const homeClass = rows[0]?.record.stats[0]?.numerics ?? null;
  const onFailover = (failover: Failover) => announce(eventOf(failover));
  return sourceFor({ route, region, numerics: numericsOf(routing), homeClass, onFailover });
}

/** A failover as those who listen are told of it. */
function eventOf({ prefixKeys, ...told }: Failover): GenerationEvent {
  // A prefix key ends in its picture's number (engine/request.ts).
  const images = prefixKeys.map((key) => Number(key.slice(key.lastIndexOf("-") + 1)));
  return { type: "failover", imageIndex: images[0]!, images, ...told };
}
