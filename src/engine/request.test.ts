import { describe, expect, it } from "vitest";
import { stepMessage } from "../../adapters/messages/step.ts";
import { smallInfinity, smallInfinityStar } from "../../test/small-models.ts";
import { catalogue, type Model } from "../catalogue/index.ts";
import { makePlan, type PlanRequest } from "../plan/plan.ts";
import { Prefix } from "./prefix.ts";
import { decodeRequest, groupsOf, stepRequest } from "./request.ts";
import { seedPictures } from "./seeds.ts";

const request = { prompt: "fish", n: 2, size: "auto", partialImages: 0, seed: 5, vpg: { scale: 0.5 } };

/** The plan, and the request of step k after steps of zeros. */
function asked(model: Model, k: number, more: Partial<PlanRequest> = {}) {
  const plan = makePlan({ ...request, format: model.formats[0]!, ...more }, model, seedPictures);
  const bytes = (width: number) => (plan.tokens === "codebook" ? 2 : Math.ceil(width / 8));
  const committed = plan.steps
    .slice(0, k)
    .map(({ length, width }) => plan.pictures.map(() => new Uint8Array(length * bytes(width))));
  const prefix = new Prefix(plan, committed);
  return { plan, prefix, step: stepRequest("gen", plan, k, groupsOf(plan)[0]!, prefix) };
}

const inputsOf = (model: Model, k: number) =>
  stepMessage(asked(model, k).step).request.inputs.map(({ name, shape }) => [name, shape]);

describe("the request of a step", () => {
  it("brings a text model both texts, unchanged", () => {
    const { step } = asked(smallInfinity, 1, { prompt: " Füchse\n", negativePrompt: "fog" });
    expect(step.pictures.map(({ condition }) => condition)).toEqual(
      Array(2).fill({ kind: "text", prompt: " Füchse\n", negativePrompt: "fog" }),
    );
  });

  it("brings a temperature where the endpoint divides, of that step, and none elsewhere", () => {
    const temperatures = (model: Model, k: number) =>
      asked(model, k).step.pictures.map((one) => one.temperature);
    expect(temperatures(smallInfinityStar, 5)).toEqual([1, 1]);
    expect(temperatures(smallInfinityStar, 6)).toEqual([0.4, 0.4]);
    for (const model of [catalogue[0], smallInfinity]) {
      expect(asked(model, 1).step.pictures.some((one) => "temperature" in one)).toBe(false);
    }
  });

  it("asks for rows as wide as that step's bits, after the bytes of all steps before", () => {
    const { step } = asked(smallInfinityStar, 6);
    expect([step.length, step.width, step.branches]).toEqual([2, 4, 2]);
    expect(step.pictures[0]!.prefix.length).toBe(2 * (1 + 6 + 15 * 3));
    expect(asked(smallInfinityStar, 4).step.width).toBe(20);
  });

  it("is a message with its family's inputs", () => {
    expect(inputsOf(smallInfinity, 2)).toEqual([
      ["step", [2, 1]],
      ["schedule", [2, 1]],
      ["tokens", [2, 2 * (1 + 4)]],
      ["prompt", [2, 1]],
      ["negative_prompt", [2, 1]],
      ["guidance", [2, 3]],
      ["corruption_ratio", [2, 1]],
      ["corruption_kind", [2, 1]],
      ["corruption_seed", [2, 1]],
      ["prefix_key", [2, 1]],
    ]);
    expect(inputsOf(smallInfinityStar, 0).map(([name]) => name)).toContain("temperature");
    expect(inputsOf(catalogue[0], 1).map(([name]) => name)).toContain("class");
  });
});

it("a video is decoded as a video, of whatever steps there are", () => {
  const { plan, prefix } = asked(smallInfinityStar, 3);
  const decode = decodeRequest("gen", plan, plan.format, [0, 1], prefix.pictures());
  expect(decode).toMatchObject({ format: "mp4", schedule: "small/5:3/1s", tokens: "bitwise" });
  expect(decode.pictures.map((tokens) => tokens.length)).toEqual([8, 8]);
});
