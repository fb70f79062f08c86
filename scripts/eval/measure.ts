/** The figures of a set of pictures that need no Python: what a judge sees in them against what it saw in real ones. */
import { frechet, statisticsOf } from "./frechet.ts";
import { type Look, openJudge } from "./look.ts";
import { manifold } from "./manifold.ts";
import { whitenedPatches } from "./patches.ts";
import type { Reference } from "./reference.ts";

export type Figures = Readonly<Record<string, number>>;

/** Pictures, and the class that was asked for of each. */
export interface PictureSet {
  /** Bytes [n, 3, side, side]. */
  readonly pictures: Uint8Array;
  /** [n], places in the model's list of classes. */
  readonly labels: readonly number[];
}

export type Measure = (set: PictureSet) => Promise<Figures>;

/** By the name of a figure: what tables call it, and which is better. Those of Python's measures come beside these. */
export const COLUMNS: Readonly<
  Record<string, { readonly title: string; readonly better: "lower" | "higher" }>
> = {
  fd: { title: "FD", better: "lower" },
  local_fd: { title: "local FD", better: "lower" },
  patch_fd: { title: "patch FD", better: "lower" },
  errors: { title: "taken for another class", better: "lower" },
  precision: { title: "precision", better: "higher" },
  recall: { title: "recall", better: "higher" },
};

/** What tables call a figure: those of Python's measures by their names. */
export const titleOf = (key: string) => COLUMNS[key]?.title ?? key;

/**
 * @returns figures: `fd` on the judge's features of whole pictures, `local_fd` on what it sees at each place, `patch_fd` on
 * small patches of pixels, in units of their spread, against reconstructions; `errors` the share that it takes for another class than was asked for, `precision` and `recall` (5 neighbours)
 */
export async function openMeasure(reference: Reference): Promise<Measure> {
  const look = await openJudge(reference.judge, reference.side);
  return (set) => figuresOf(reference, look, set);
}

async function figuresOf(reference: Reference, look: Look, set: PictureSet): Promise<Figures> {
  const { features, places, patches } = reference;
  const seen = await look(set.pictures);
  const beside = features.sample.subarray(0, set.labels.length * features.width);
  const wrong = seen.labels.filter((label, i) => label !== set.labels[i]).length;
  return {
    fd: frechet(features, statisticsOf(seen.features, features.width)),
    local_fd: frechet(places, statisticsOf(seen.places, places.width)),
    patch_fd: frechet(patches, statisticsOf(whitenedPatches(set.pictures, reference), patches.width)),
    errors: wrong / set.labels.length,
    ...manifold(beside, seen.features, features.width),
  };
}
