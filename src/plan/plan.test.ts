import { describe, expect, it } from "vitest";
import { catalogue } from "../catalogue/index.ts";
import { Refusal } from "../refusal.ts";
import { branchesOf, makePlan, type PlanRequest, type SeedPictures } from "./plan.ts";

const model = catalogue[0];
const K = model.schedules[0]!.steps.length;
const seeds: SeedPictures = (seed, n, corruption) =>
  Array.from({ length: n }, (_, i) => ({ seed: seed + i, corruptionSeed: corruption ?? seed + 100 + i }));
const request: PlanRequest = {
  prompt: "a mushroom",
  n: 1,
  size: "auto",
  format: "png",
  partialImages: 0,
  seed: 7,
};
const plan = (asked: Partial<PlanRequest>) => makePlan({ ...request, ...asked }, model, seeds);

function paramOf(asked: Partial<PlanRequest>): string | null {
  try {
    plan(asked);
  } catch (error) {
    if (error instanceof Refusal) return error.param;
  }
  return null;
}

describe("makePlan", () => {
  it("is a pure value: the same request gives the same plan, and it survives JSON", () => {
    expect(plan({})).toEqual(plan({}));
    expect(JSON.parse(JSON.stringify(plan({ n: 3 })))).toEqual(plan({ n: 3 }));
  });

  it("resolves every default from the catalogue", () => {
    const { guidanceScale, sampling, vpg, size } = plan({});
    const { defaults } = model;
    expect({ guidanceScale, ...sampling, size }).toEqual({
      guidanceScale: defaults.guidance_scale,
      temperature: defaults.temperature,
      topK: defaults.top_k,
      topP: defaults.top_p,
      size: model.schedules[0]!.size,
    });
    expect(vpg).toEqual(defaults.vpg);
  });

  it("keeps the model's corruption when only a scale is given", () => {
    expect(plan({ vpg: { scale: 1.5 } }).vpg).toEqual({ ...model.defaults.vpg, scale: 1.5 });
  });

  it("turns VPG off for false, for scale 0 and for a ratio that float32 holds as 0", () => {
    for (const vpg of [false, { scale: 0 }, { scale: 2, corruption: { ratio: 1e-50 } }] as const) {
      expect(plan({ vpg }).steps.every((step) => step.lambda === 0)).toBe(true);
    }
  });

  it("asks for a corrupted branch only where there is a prefix and a strength", () => {
    const ramped = plan({ vpg: { scale: 1, schedule: "ramp" } });
    const branches = ramped.steps.map((_, k) => branchesOf(ramped, k));
    expect(branches).toEqual([1, ...Array(K - 1).fill(2)]);
    expect(branchesOf(plan({ vpg: { scale: 1, schedule: Array(K).fill(0) } }), 2)).toBe(1);
  });

  it("names the field that the model cannot serve", () => {
    expect(paramOf({ prompt: "dragon" })).toBe("prompt");
    expect(paramOf({ size: "1024x1024" })).toBe("size");
    expect(paramOf({ format: "gif" })).toBe("output_format");
    expect(paramOf({ n: model.limits.pictures + 1 })).toBe("n");
    expect(paramOf({ partialImages: K + 1 })).toBe("partial_images");
    expect(paramOf({ guidanceScale: model.guidance.max + 1 })).toBe("guidance_scale");
    expect(paramOf({ vpg: { schedule: [1] } })).toBe("vpg.schedule");
  });
});
