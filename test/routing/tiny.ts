/** A model so small that thousands of its pictures are made in a second, and a plan of one. */

import { catalogue } from "../../src/catalogue/index.ts";
import type { Model } from "../../src/catalogue/model.ts";
import { seedPictures } from "../../src/engine/seeds.ts";
import { makePlan, type Plan } from "../../src/plan/plan.ts";

const [first] = catalogue;

/** @param sides of the square map of each step */
function tinyModel(sides: readonly number[]): Model {
  if (first.family !== "var") throw new TypeError("the first model of the catalogue is no VAR");
  return {
    ...first,
    id: "tiny",
    vocabulary: 8,
    schedules: [{ name: "tiny", size: "16x16", steps: sides.map((side) => ({ t: 1, h: side, w: side })) }],
  };
}

export interface TinyPlanOptions {
  readonly seed: number;
  readonly n?: number;
  readonly sides?: readonly number[];
  readonly batch?: number;
  readonly previews?: number;
}

/** @returns the plan of n pictures with VPG, in four steps unless their sides are given */
export function tinyPlan({ seed, n = 1, sides = [1, 2, 3, 4], batch, previews = 0 }: TinyPlanOptions): Plan {
  const request = {
    ...{ prompt: "fish", n, size: "auto", format: "png", partialImages: previews, seed },
    vpg: { scale: 0.5 },
  };
  const plan = makePlan(request, tinyModel(sides), seedPictures);
  return batch === undefined ? plan : { ...plan, batch };
}
