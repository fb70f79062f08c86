import { describe, expect, it } from "vitest";
import { smallInfinity, smallInfinityStar } from "../../test/small-models.ts";
import { catalogue } from "./index.ts";
import { type Model, modelSchema } from "./model.ts";

describe("the catalogue", () => {
  it("lists what is served, and that only", () => {
    expect(catalogue.map(({ id, family }) => [id, family])).toEqual([
      ["var-sprites", "var"],
      ["var-scenes", "var"],
    ]);
  });
});

describe("a model's entry", () => {
  it.each([...catalogue, smallInfinity, smallInfinityStar].map((model) => [model.id, model] as const))(
    "of %s is read as it stands",
    (_, model) => {
      expect(modelSchema.parse(JSON.parse(JSON.stringify(model)))).toEqual(model);
    },
  );

  const refused = (model: Model, change: object) =>
    modelSchema.safeParse({ ...model, ...change }).error?.issues.map(({ path }) => path.join("."));

  it("says what its own family says, and nothing of another's", () => {
    expect(refused(smallInfinity, { tokens: "codebook" })).toEqual(["tokens"]);
    expect(refused(smallInfinity, { temperature_at: "endpoint" })).toEqual(["temperature_at"]);
    expect(refused(smallInfinity, { formats: ["mp4"] })).toEqual(["formats.0"]);
    expect(refused(smallInfinityStar, { formats: ["gif"] })).toEqual(["formats.0"]);
    expect(refused(smallInfinityStar, { guidance: smallInfinity.guidance })).toEqual(["guidance.formula"]);
    expect(refused(catalogue[0], { condition: smallInfinity.condition })).toEqual([
      "condition.kind",
      "condition.classes",
    ]);
    expect(refused(smallInfinity, { family: "unknown" })).toEqual(["family"]);
  });

  it("has bits at every step of a bitwise family, 1 to 64, and a length where there are frames", () => {
    const step = (bits?: number) => [{ name: "s", size: "8x8", steps: [{ t: 1, h: 1, w: 1, bits }] }];
    expect(refused(smallInfinity, { schedules: step(64) })).toBeUndefined();
    for (const bits of [undefined, 0, 65, 1.5]) {
      expect(refused(smallInfinity, { schedules: step(bits) })).toEqual(["schedules.0.steps.0.bits"]);
    }
    expect(refused(smallInfinityStar, { schedules: step(4) })).toEqual([
      "schedules.0.frames",
      "schedules.0.fps",
    ]);
  });

  it("defaults to no corruption that its family has not", () => {
    const { defaults } = smallInfinity;
    const corruption = { ratio: 0.1, kind: "position" };
    expect(
      refused(smallInfinity, { defaults: { ...defaults, vpg: { ...defaults.vpg, corruption } } }),
    ).toEqual(["defaults.vpg.corruption.kind"]);
  });
});
