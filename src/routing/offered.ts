/** What a fleet offers of a model, whoever is up at the moment: for callers who choose where and in which class. */
import type { Offer } from "../../adapters/providers/load.ts";
import { whyNot } from "./filter.ts";
import type { RoutingTerms } from "./terms.ts";

export interface Offered {
  /** Classes that steps are computed in. */
  readonly numerics: { class: string; exact: boolean }[];
  /** Regions and areas that steps are computed in. */
  readonly regions: string[];
}

/** Each class and region once, in alphabetical order. */
export function offeredOf(offers: readonly Offer[], model: string): Offered {
  const steps = offers.filter((offer) => offer.model === model && offer.serves.includes("step"));
  const classes = new Map(steps.map(({ numerics }) => [numerics.class, numerics]));
  const regions = steps.flatMap(({ region, area }) => [region, area].filter((place) => place !== null));
  return {
    numerics: [...classes.keys()].sort().map((name) => classes.get(name)!),
    regions: [...new Set(regions)].sort(),
  };
}

/** Whether somebody steps it and somebody decodes it under these terms; a decoding may be of any class. */
export function isOffered(
  offers: readonly Offer[],
  model: string,
  schedule: string,
  { region, numerics }: Pick<RoutingTerms, "region" | "numerics">,
): boolean {
  const common = { model, schedule, region, revision: null };
  return (
    offers.some((offer) => whyNot(offer, { ...common, what: "step", numerics }) === null) &&
    offers.some((offer) => whyNot(offer, { ...common, what: "decode", numerics: { kind: "any" } }) === null)
  );
}
