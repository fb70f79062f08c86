/** Finds the schedule of a size and a length, and says how wide the rows of its steps are. */
import type { Model } from "../catalogue/index.ts";
import { Refusal } from "../refusal.ts";
import { quote } from "./quote.ts";

/** A step's map and the width of its rows: codebook size, or bits of a token. */
export interface SizedStep {
  readonly t: number;
  readonly h: number;
  readonly w: number;
  readonly width: number;
}

export interface SizedSchedule {
  readonly name: string;
  /** Width x height in pixels. */
  readonly size: string;
  /** A video's length; null where there are only pictures, 0 for a picture among videos. */
  readonly seconds: number | null;
  readonly steps: readonly SizedStep[];
}

/**
 * @param size `auto`, or width x height in pixels
 * @param seconds a video's length; undefined: the first schedule of that size
 * @throws Refusal naming `size` or `seconds` and what there is instead
 */
export function findSchedule(size: string, seconds: number | undefined, model: Model): SizedSchedule {
  const sized = sizedSchedules(model).filter((schedule) => size === "auto" || schedule.size === size);
  if (sized.length === 0) {
    const sizes = [...new Set(model.schedules.map((schedule) => schedule.size))].join(", ");
    throw new Refusal("invalid_value", `size: ${model.id} makes ${sizes} (or auto), not ${quote(size)}.`, {
      param: "size",
    });
  }
  const found = seconds === undefined ? sized[0] : sized.find((schedule) => schedule.seconds === seconds);
  if (found) return found;
  const lengths = sized.flatMap((schedule) => schedule.seconds ?? []).join(", ");
  const what = lengths === "" ? "pictures, which have no length" : `${lengths} (0: a picture)`;
  throw new Refusal("invalid_value", `seconds: at that size ${model.id} makes ${what}, not ${seconds}.`, {
    param: "seconds",
  });
}

function sizedSchedules(model: Model): SizedSchedule[] {
  if (model.tokens === "codebook") {
    return model.schedules.map(({ name, size, steps }) => ({
      name,
      size,
      seconds: null,
      steps: steps.map((step) => ({ ...step, width: model.vocabulary })),
    }));
  }
  return model.schedules.map((schedule) => ({
    name: schedule.name,
    size: schedule.size,
    seconds: "frames" in schedule ? (schedule.frames - 1) / schedule.fps : null,
    steps: schedule.steps.map(({ bits, ...step }) => ({ ...step, width: bits })),
  }));
}
