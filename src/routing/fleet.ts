/** The endpoints of one isolate, and who of them could serve what. */
import type { StepSource } from "../../adapters/contract.ts";
import type { Offer } from "../../adapters/providers/load.ts";
import type { RoutingTerms } from "./terms.ts";

export class Fleet {
  readonly offers: readonly Offer[];

  constructor(offers: readonly Offer[]) {
    this.offers = offers;
  }

  /** The source of one run of a generation: as if all endpoints were one. */
  sourceFor(terms: RoutingTerms): StepSource {
    const find = (model: string, schedule: string, what: "step" | "decode") =>
      this.offers.find((offer) => couldServe(offer, model, schedule, what, terms))!.source;
    return {
      step: (request, signal) => find(request.model, request.schedule, "step").step(request, signal),
      decode: (request, signal) => find(request.model, request.schedule, "decode").decode(request, signal),
    };
  }

  /** Whether some endpoint serves it under these terms, well or not at the moment. */
  serves(model: string, schedule: string, terms: Pick<RoutingTerms, "region" | "numerics">): boolean {
    return (["step", "decode"] as const).every((what) =>
      this.offers.some((offer) => couldServe(offer, model, schedule, what, terms)),
    );
  }
}

function couldServe(
  offer: Offer,
  model: string,
  schedule: string,
  what: "step" | "decode",
  { region, numerics }: Pick<RoutingTerms, "region" | "numerics">,
): boolean {
  return (
    offer.model === model &&
    offer.schedules.includes(schedule) &&
    offer.serves.includes(what) &&
    (region === null ||
      offer.region === region ||
      offer.area === region ||
      (offer.region ?? "").startsWith(`${region}-`)) &&
    (what === "decode" ||
      numerics.kind === "any" ||
      (numerics.kind === "exact" ? offer.numerics.exact : offer.numerics.class === numerics.name))
  );
}
