import { describe, expect, it } from "vitest";
import { expectedOf, hold } from "./expected.ts";
import type { MeasuredSet } from "./sets.ts";

const setting = { label: "defaults", request: {}, series: "defaults", lambda: 0 };
const usual = { local_fd: 0.1, patch_fd: 0.1, errors: 0, precision: 0.9, recall: 0.9 };
/** Under the check's own seeds 0.9, under three others 1.0, 1.1 and 1.2. */
const measured: MeasuredSet[] = [0, 1, 2, 3].map((set) => ({
  setting,
  set,
  figures: { ...usual, fd: 0.9 + set / 10 },
}));
const expected = expectedOf("revision", 300, measured);
const worseOf = (figures: object, revision = "other") =>
  hold(expected, revision, "defaults", { ...usual, fd: 1.1, ...figures })
    .filter(({ worse }) => worse)
    .map(({ key }) => key);

describe("expected figures", () => {
  it("are the mean and the deviation over seeds, and limits: four deviations from the mean, 0.6 from what the check's own seeds gave", () => {
    expect(expected).toMatchObject({ revision: "revision", pictures: 300, sets: 3 });
    expect(expected.settings.defaults!.figures.fd).toEqual({
      mean: 1.1,
      deviation: 0.1,
      limit: 1.5,
      own: 0.9,
      near: 0.96,
    });
  });

  it("allow a share six pictures of 300, where no seed ever differed", () => {
    expect(expected.settings.defaults!.figures.errors!.limit).toBe(0.02);
    expect(expected.settings.defaults!.figures.precision!.limit).toBeCloseTo(0.88);
  });

  it("tell what is worse, and only that: of the same weights sooner", () => {
    expect(worseOf({})).toEqual([]);
    expect(worseOf({ fd: 0.01, precision: 1, recall: 1 })).toEqual([]);
    expect(worseOf({ fd: 1.51 })).toEqual(["fd"]);
    expect(worseOf({ errors: 0.03, recall: 0.87 })).toEqual(["errors", "recall"]);
    expect(worseOf({ fd: 0.95 }, "revision")).toEqual([]);
    expect(worseOf({ fd: 0.97 }, "revision")).toEqual(["fd"]);
    expect(() => hold(expected, "revision", "another", usual)).toThrow("not recorded");
  });
});
