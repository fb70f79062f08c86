import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { smallInfinity, smallInfinityStar } from "../../test/small-models.ts";
import { catalogue, type Model } from "../catalogue/index.ts";
import { branchesOf, makePlan, type SeedPictures } from "./plan.ts";
import { chargeOf, totalOf } from "./price.ts";

const seeds: SeedPictures = (seed, n) =>
  Array.from({ length: n }, (_, i) => ({ seed: seed + i, corruptionSeed: i }));

/** Any request that a model can serve. */
const plans = fc
  .record({
    model: fc.constantFrom<Model>(catalogue[0], smallInfinity, smallInfinityStar),
    n: fc.integer({ min: 1, max: 4 }),
    schedule: fc.nat(2),
    scale: fc.constantFrom(0, 0.5, 2),
    ratio: fc.constantFrom(0, 0.1, 1),
    ramp: fc.boolean(),
  })
  .map(({ model, n, schedule, scale, ratio, ramp }) => {
    const sized = model.schedules[schedule % model.schedules.length]!;
    const seconds = "frames" in sized ? (sized.frames - 1) / sized.fps : undefined;
    const request = {
      prompt: model.condition.kind === "class" ? "boat" : "a boat",
      n,
      size: sized.size,
      seconds,
      format: seconds ? "mp4" : "png",
      partialImages: 0,
      seed: 1,
      vpg: { scale, schedule: ramp ? ("ramp" as const) : ("constant" as const), corruption: { ratio } },
    };
    return { model, plan: makePlan(request, model, seeds) };
  });

describe("a plan's price", () => {
  it("is additive over steps and pictures, in whole micro-credits, and never falls as steps are delivered", () => {
    fc.assert(
      fc.property(plans, ({ plan }) => {
        const charges = [...plan.steps.keys(), plan.steps.length].map((steps) => chargeOf(plan, steps));
        expect(charges.every(Number.isSafeInteger)).toBe(true);
        expect(charges[0]).toBe(0);
        expect(charges.at(-1)).toBe(totalOf(plan));
        for (const [k, step] of plan.price.steps.entries()) {
          expect(charges[k + 1]! - charges[k]!).toBe(step * plan.pictures.length);
        }
      }),
    );
  });

  it("is the price table's: a step's own price and one a token and branch", () => {
    fc.assert(
      fc.property(plans, ({ model, plan }) => {
        const { step, token, version } = model.price;
        const tokens = plan.steps.map(({ length }, k) => length * branchesOf(plan, k));
        expect(plan.price).toEqual({ version, steps: tokens.map((count) => step + token * count) });
      }),
    );
  });
});
