/** The seeds of a request's pictures (contract: Seeds). */
import { corruptionSeed, pictureSeed } from "../../kernels/edge/index.ts";
import type { PlannedPicture } from "../plan/plan.ts";

/**
 * Picture 0 has the request's seed, the others seeds made from it; each picture's corruption seed is made
 * from its own unless one is given for all.
 */
export function seedPictures(seed: number, n: number, corruption: number | undefined): PlannedPicture[] {
  return Array.from({ length: n }, (_, i) => {
    const own = pictureSeed(seed, i);
    return { seed: own, corruptionSeed: corruption ?? corruptionSeed(own) };
  });
}
