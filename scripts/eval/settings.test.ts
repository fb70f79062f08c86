import { describe, expect, it } from "vitest";
import { batchesOf, checkPlan, fullPlan, quickPlan } from "./settings.ts";

const model = (classes: number, scale: number) => ({
  classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
  max_n: 10,
  defaults: { guidance_scale: 1.5, vpg: { scale } },
});

describe("a plan", () => {
  it("has sets of as many pictures of each class, and of 300 and 1000 where they can be shared out", () => {
    expect([10, 32, 7].map((classes) => quickPlan(model(classes, 0)).size)).toEqual([300, 288, 294]);
    expect([10, 32].map((classes) => fullPlan(model(classes, 0)).size)).toEqual([1000, 992]);
    for (const classes of [10, 32]) {
      const plan = { ...quickPlan(model(classes, 0)), sets: 1 };
      const drawn = batchesOf(plan, model(classes, 0)).reduce((sum, { n }) => sum + n, 0);
      expect(drawn).toBe(plan.settings.length * plan.size);
    }
  });

  it("of the check has the defaults as they are, and VPG the other way", () => {
    const settings = (scale: number) =>
      checkPlan(model(10, scale)).settings.map(({ label, request, lambda }) => [label, request, lambda]);
    expect(settings(0)).toEqual([
      ["defaults", {}, 0],
      ["VPG on", { vpg: { scale: 1 } }, 1],
    ]);
    expect(settings(0.5)).toEqual([
      ["defaults", {}, 0.5],
      ["VPG off", { vpg: false }, 0],
    ]);
    expect([checkPlan(model(10, 0)).size, checkPlan(model(32, 0.5)).size]).toEqual([300, 128]);
  });
});
