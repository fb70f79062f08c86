import { describe, expect, it } from "vitest";
import { smallInfinity, smallInfinityStar } from "../../test/small-models.ts";
import { catalogue } from "../catalogue/index.ts";
import { findSchedule } from "./schedule.ts";

const [sprites] = catalogue;

describe("findSchedule", () => {
  it("gives codebook steps the vocabulary for a width, and bitwise ones their own bits", () => {
    expect(new Set(findSchedule("auto", undefined, sprites).steps.map(({ width }) => width))).toEqual(
      new Set([512]),
    );
    expect(findSchedule("auto", undefined, smallInfinity).steps.map(({ width }) => width)).toEqual([
      12, 12, 12,
    ]);
    expect(findSchedule("auto", undefined, smallInfinityStar).steps.map(({ width }) => width)).toEqual([
      4, 4, 4, 4, 20, 20, 4, 4, 4, 4, 20, 20,
    ]);
  });

  it("takes the first that fits: of all for auto, of a size, of a length", () => {
    const name = (size: string, seconds?: number) => findSchedule(size, seconds, smallInfinityStar).name;
    expect(findSchedule("96x48", undefined, smallInfinity).name).toBe("small/2:1");
    expect([name("auto"), name("80x48"), name("80x48", 2), name("auto", 2)]).toEqual([
      "small/5:3/1s",
      "small/5:3/1s",
      "small/5:3/2s",
      "small/5:3/2s",
    ]);
  });

  it("names the size or the length that is not made, and those that are", () => {
    expect(() => findSchedule("1x1", undefined, smallInfinity)).toThrow(/^size: .*64x64, 96x48 \(or auto\)/);
    expect(() => findSchedule("1x1", undefined, smallInfinityStar)).toThrow(/^size: .* 80x48 \(or auto\)/);
    expect(() => findSchedule("auto", 3, smallInfinityStar)).toThrow(
      /^seconds: .* makes 1, 2, 0 \(0: a picture\), not 3/,
    );
    expect(() => findSchedule("auto", 3, sprites)).toThrow(/^seconds: .* no length/);
  });
});
