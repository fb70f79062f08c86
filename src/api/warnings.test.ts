import { describe, expect, it } from "vitest";
import { smallInfinity } from "../../test/small-models.ts";
import { catalogue, type Model } from "../catalogue/index.ts";
import { seedPictures } from "../engine/seeds.ts";
import { makePlan } from "../plan/plan.ts";
import type { ImageRequest } from "./schemas.ts";
import { warningsOf } from "./warnings.ts";

function warned(asked: Omit<ImageRequest, "prompt">, model: Model): string[] {
  const request = { prompt: "fish", ...asked };
  const plan = makePlan(
    {
      prompt: request.prompt,
      negativePrompt: asked.negative_prompt ?? undefined,
      n: 1,
      size: "auto",
      format: "png",
      partialImages: 0,
      seed: 1,
      guidanceScale: asked.guidance_scale ?? undefined,
      topK: asked.top_k ?? undefined,
    },
    model,
    seedPictures,
  );
  return warningsOf(request, plan).map(({ param }) => param);
}

describe("warningsOf", () => {
  it("names the fields that no model heeds, unless they leave the choice to us", () => {
    expect(warned({ quality: "high", style: "vivid", moderation: "auto" }, catalogue[0])).toEqual([
      "quality",
      "style",
    ]);
  });

  it("names a top-k among two values, but for 1, which takes the likelier", () => {
    expect(warned({ top_k: 900 }, smallInfinity)).toEqual(["top_k"]);
    expect(warned({ top_k: 1 }, smallInfinity)).toEqual([]);
    expect(warned({ top_k: 900 }, catalogue[0])).toEqual([]);
  });

  it("names a negative prompt that nothing is guided away from", () => {
    expect(warned({ negative_prompt: "fog", guidance_scale: 1 }, smallInfinity)).toEqual(["negative_prompt"]);
    expect(warned({ negative_prompt: "fog" }, smallInfinity)).toEqual([]);
  });
});
