/** Who could serve a call at all, whatever its state: model, revision, schedule, region, numerics class. Pure. */
import type { Offer } from "../../adapters/providers/load.ts";
import type { Numerics } from "./terms.ts";

/** What a call needs of an endpoint. */
export interface Need {
  readonly what: "step" | "decode";
  readonly model: string;
  /** null: any, as a decoding does not say. */
  readonly revision: string | null;
  readonly schedule: string;
  readonly region: string | null;
  readonly numerics: Numerics;
}

export type WhyNot = "model" | "revision" | "serves" | "schedule" | "region" | "numerics";

/** @returns what an offer fails on first; null where it could serve */
export function whyNot(offer: Offer, need: Need): WhyNot | null {
  if (offer.model !== need.model) return "model";
  if (need.revision !== null && offer.revision !== need.revision) return "revision";
  if (!offer.serves.includes(need.what)) return "serves";
  if (!offer.schedules.includes(need.schedule)) return "schedule";
  if (need.region !== null && !liesIn(offer, need.region)) return "region";
  return fits(offer, need.numerics) ? null : "numerics";
}

/** `eu` is `eu`, `eu-central-1`, and whatever its operator says lies there; it is not `europe-west4`. */
function liesIn({ region, area }: Offer, rule: string): boolean {
  return region === rule || (region?.startsWith(`${rule}-`) ?? false) || area === rule;
}

function fits({ numerics }: Offer, wanted: Numerics): boolean {
  if (wanted.kind === "any") return true;
  if (wanted.kind === "exact") return numerics.exact;
  return numerics.class === wanted.name && (numerics.exact || wanted.exact !== true);
}

/**
 * A file's bytes are equal within one class only, so a strict generation decodes in one: its own where that decodes,
 * else the first exact one by name.
 *
 * @param offers all that could decode it, whatever their class
 * @param own the class of its steps, if known
 * @returns the class
 */
export function decodeClass(offers: readonly Offer[], own: string | null): string | null {
  const all = offers.map(({ numerics }) => numerics);
  if (all.some((one) => one.class === own)) return own;
  const exact = all.filter((one) => one.exact);
  return (exact.length > 0 ? exact : all).map((one) => one.class).sort()[0] ?? null;
}
