import { describe, expect, it } from "vitest";
import { manifold } from "./manifold.ts";

/** Points on a line. */
const line = (from: number, count: number) => Float32Array.from({ length: count }, (_, i) => from + i);

describe("precision and recall", () => {
  it("are 1 for the same points and 0 for those far away", () => {
    expect(manifold(line(0, 20), line(0, 20), 1)).toEqual({ precision: 1, recall: 1 });
    expect(manifold(line(0, 20), line(500, 20), 1)).toEqual({ precision: 0, recall: 0 });
  });

  it("fall apart where a part is missing: all made lie among the real ones, which they do not cover", () => {
    const { precision, recall } = manifold(line(0, 100), line(0, 20), 1);
    expect(precision).toBe(1);
    expect(recall).toBeGreaterThanOrEqual(0.2);
    expect(recall).toBeLessThan(0.3);
  });
});
