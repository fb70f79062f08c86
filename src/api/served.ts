/** Which of the catalogue's models are served here: an operator's provider file may leave some out (`without`). */
import { catalogue, type Model } from "../catalogue/index.ts";
import type { Fleet } from "../routing/fleet.ts";

/** In the catalogue's order; the first is the one that a request means which names none. */
export function servedModels({ offers }: Pick<Fleet, "offers">): readonly Model[] {
  return catalogue.filter(({ id }) => offers.some(({ model }) => model === id));
}
