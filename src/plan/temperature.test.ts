import { describe, expect, it } from "vitest";
import { smallInfinity, smallInfinityStar } from "../../test/small-models.ts";
import { findSchedule } from "./schedule.ts";
import { temper } from "./temperature.ts";

const stepsOf = (model: typeof smallInfinity, seconds?: number) => findSchedule("auto", seconds, model).steps;

describe("temper", () => {
  it("leaves the division to the edge where guidance is linear", () => {
    const steps = stepsOf(smallInfinity);
    expect(temper(undefined, smallInfinity, steps)).toEqual({
      temperature: 0.5,
      edge: 0.5,
      endpoint: [null, null, null],
    });
    expect(temper(0, smallInfinity, steps)).toMatchObject({ edge: 0, endpoint: [null, null, null] });
  });

  it("has the endpoint divide before its normalised guidance, the first picture's steps by one, the clips' by another", () => {
    const { temperature, edge, endpoint } = temper(
      undefined,
      smallInfinityStar,
      stepsOf(smallInfinityStar, 2),
    );
    expect(temperature).toEqual({ image: 1, video: 0.4 });
    expect(edge).toBe(1);
    expect(endpoint).toEqual([...Array(6).fill(1), ...Array(12).fill(0.4)]);
  });

  it("tells the first clip by its smaller scale where it has one frame only", () => {
    const steps = stepsOf(smallInfinityStar).map((step) => ({ ...step, t: 1 }));
    expect(temper(undefined, smallInfinityStar, steps).endpoint).toEqual([
      ...Array(6).fill(1),
      ...Array(6).fill(0.4),
    ]);
    const picture = steps.slice(0, 6);
    expect(temper(undefined, smallInfinityStar, picture).endpoint).toEqual(Array(6).fill(1));
  });

  it("takes a given one for all steps", () => {
    expect(temper(0.7, smallInfinityStar, stepsOf(smallInfinityStar))).toEqual({
      temperature: 0.7,
      edge: 1,
      endpoint: Array(12).fill(0.7),
    });
  });

  it("has nobody divide by 0: the edge takes the likelier values of undivided rows", () => {
    expect(temper(0, smallInfinityStar, stepsOf(smallInfinityStar))).toEqual({
      temperature: 0,
      edge: 0,
      endpoint: Array(12).fill(1),
    });
  });

  it("refuses one that an endpoint's float32 could not bear", () => {
    expect(() => temper(1e-9, smallInfinityStar, stepsOf(smallInfinityStar))).toThrow(
      /^temperature: .*0\.01/,
    );
  });
});
