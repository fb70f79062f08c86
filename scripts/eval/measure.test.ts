import { describe, expect, it } from "vitest";
import { openMeasure } from "./measure.ts";
import { modelsWithReference, readReference } from "./reference.ts";
import { quickPlan } from "./settings.ts";

const AREA = 64 * 64;

/** 40 pictures that no world has, the same in every language (kernels/gpu/tests/test_reference.py). */
function patterns(): Uint8Array {
  return Uint8Array.from({ length: 40 * 3 * AREA }, (_, at) => {
    const i = Math.floor(at / (3 * AREA));
    const c = Math.floor(at / AREA) % 3;
    const y = Math.floor(at / 64) % 64;
    const x = at % 64;
    return (37 * i + 71 * c + 3 * ((i % 5) + 1) * x + 2 * ((7 * i) % 6) * y) % 256;
  });
}

describe("the measure that needs no Python", () => {
  it("computes the figures that Python computes", async () => {
    const measure = await openMeasure(await readReference("var-sprites"));
    const figures = await measure({
      pictures: patterns(),
      labels: Array.from({ length: 40 }, (_, i) => i % 10),
    });
    expect(figures).toMatchObject({ errors: 0.95, precision: 1, recall: 0 });
    expect(figures.fd).toBeCloseTo(43.9359, 2);
    expect(figures.local_fd).toBeCloseTo(7.04826, 3);
    expect(figures.patch_fd).toBeCloseTo(1241.2277, 2);
  });

  it("has a reference and a floor of several sets for every model that is evaluated", async () => {
    for (const id of modelsWithReference()) {
      const { floors, classes } = await readReference(id);
      expect(classes.length).toBeGreaterThan(1);
      const { size } = quickPlan({ classes, defaults: { guidance_scale: 0, vpg: { scale: 0 } } });
      expect(floors[size]!.real.length).toBeGreaterThanOrEqual(5);
    }
  });
});
