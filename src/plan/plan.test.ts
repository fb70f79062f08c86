import { describe, expect, it } from "vitest";
import { smallInfinity, smallInfinityStar } from "../../test/small-models.ts";
import { catalogue, type Model } from "../catalogue/index.ts";
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
const plan = (asked: Partial<PlanRequest>, of: Model = model) =>
  makePlan({ ...request, ...asked }, of, seeds);

function paramOf(asked: Partial<PlanRequest>, of: Model = model): string | null {
  try {
    plan(asked, of);
  } catch (error) {
    if (error instanceof Refusal) return error.param;
  }
  return null;
}

describe("makePlan", () => {
  it("refuses more than the model's tokens a request, whatever n, size and steps they come from", () => {
    const each = smallInfinity.schedules[0]!.steps.reduce((sum, { t, h, w }) => sum + t * h * w, 0);
    const of = (tokens: number) => ({ ...smallInfinity, limits: { ...smallInfinity.limits, tokens } });
    expect(paramOf({ n: 3 }, of(3 * each))).toBeNull();
    expect(paramOf({ n: 3 }, of(3 * each - 1))).toBe("n");
    expect(() => plan({ n: 3 }, of(3 * each - 1))).toThrow(/^n, size: .* at most 2 of that size/);
    // The larger size has 28 tokens a picture where the first has 21.
    expect([each, paramOf({ n: 3, size: "96x48" }, of(3 * each))]).toEqual([21, "n"]);
  });

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

describe("makePlan for Infinity", () => {
  const own = (asked: Partial<PlanRequest> = {}) => plan({ prompt: "a red fox", ...asked }, smallInfinity);

  it("takes the text as it is, and guides every step by the full scale", () => {
    const { condition, steps, tokens } = own({ negativePrompt: "fog" });
    expect(condition).toEqual({ kind: "text", prompt: "a red fox", negativePrompt: "fog" });
    expect(own().condition).toMatchObject({ negativePrompt: "" });
    expect(tokens).toBe("bitwise");
    expect(steps.map(({ length, width, guidance }) => [length, width, guidance])).toEqual([
      [1, 12, 4],
      [4, 12, 4],
      [16, 12, 4],
    ]);
  });

  it("samples at the temperature at the edge, which endpoints never see", () => {
    const { temperature, sampling, steps } = own();
    expect(temperature).toBe(0.5);
    expect(sampling).toEqual({ temperature: 0.5, topK: 900, topP: 0.97 });
    expect(steps.every((step) => step.endpointTemperature === null)).toBe(true);
  });

  it("names the field that the model cannot serve", () => {
    expect(paramOf({ prompt: "" }, smallInfinity)).toBe("prompt");
    expect(paramOf({ prompt: "x".repeat(2001) }, smallInfinity)).toBe("prompt");
    expect(paramOf({ negativePrompt: "x".repeat(2001) }, smallInfinity)).toBe("negative_prompt");
    expect(paramOf({ format: "mp4" }, smallInfinity)).toBe("output_format");
    expect(paramOf({ seconds: 1 }, smallInfinity)).toBe("seconds");
    for (const kind of ["position", "token"] as const) {
      expect(paramOf({ vpg: { corruption: { kind } } }, smallInfinity)).toBe("vpg.corruption.kind");
    }
    expect(paramOf({ vpg: { corruption: { kind: "codebook" } } }, smallInfinity)).toBeNull();
  });
});

describe("makePlan for InfinityStar", () => {
  const own = (asked: Partial<PlanRequest> = {}) =>
    plan({ prompt: "a red fox", format: "mp4", ...asked }, smallInfinityStar);

  it("plans every repetition as a step of its own bits", () => {
    const { steps, schedule, format } = own({ seconds: 2 });
    expect([schedule, format]).toEqual(["small/5:3/2s", "mp4"]);
    expect(steps.map(({ t, length, width }) => [t, length, width]).slice(2, 8)).toEqual([
      [1, 6, 4],
      [1, 6, 4],
      [1, 15, 20],
      [1, 15, 20],
      [2, 2, 4],
      [2, 2, 4],
    ]);
    expect(steps).toHaveLength(18);
    expect(new Set(steps.map(({ guidance }) => guidance))).toEqual(new Set([34]));
    expect(own({ partialImages: 3, seconds: 2 }).previews).toEqual([4, 9, 13]);
  });

  it("has the endpoint divide by the temperature, and samples at 1", () => {
    const { temperature, sampling, steps } = own();
    expect(temperature).toEqual({ image: 1, video: 0.4 });
    expect(sampling).toEqual({ temperature: 1, topK: 0, topP: 1 });
    expect(steps.map((step) => step.endpointTemperature)).toEqual([
      ...Array(6).fill(1),
      ...Array(6).fill(0.4),
    ]);
    expect(own({ temperature: 0.7 })).toMatchObject({ temperature: 0.7, sampling: { temperature: 1 } });
  });

  it("names the field that the model cannot serve", () => {
    expect(paramOf({ prompt: "fox", format: "png" }, smallInfinityStar)).toBe("output_format");
    expect(paramOf({ prompt: "fox", format: "mp4", seconds: 0 }, smallInfinityStar)).toBe("output_format");
    expect(paramOf({ prompt: "fox", format: "png", seconds: 0 }, smallInfinityStar)).toBeNull();
    expect(paramOf({ prompt: "fox", format: "mp4", seconds: 7 }, smallInfinityStar)).toBe("seconds");
    expect(paramOf({ prompt: "fox", format: "mp4", temperature: 0.001 }, smallInfinityStar)).toBe(
      "temperature",
    );
  });
});
