/** The strength of guidance and of VPG at each step (contract: "The strength of each step"). */
import type { Model } from "../catalogue/index.ts";
import { Refusal } from "../refusal.ts";

export type StrengthSchedule = "constant" | "ramp" | readonly number[];

/**
 * Each family's own: VAR's ramp t_k = scale k / (K - 1), a single step getting the full value; Infinity and InfinityStar
 * keep their scale at every step.
 */
export function guidanceStrengths(formula: Model["guidance"]["formula"], scale: number, K: number): number[] {
  return Array.from({ length: K }, (_, k) => Math.fround(formula === "ramp" ? scale * ramp(k, K) : scale));
}

/**
 * lambda_k = scale x f_k in float64, rounded once to float32.
 * @throws Refusal naming `vpg.schedule` when a list has not exactly K factors.
 */
export function vpgStrengths(scale: number, schedule: StrengthSchedule, K: number): number[] {
  if (typeof schedule !== "string" && schedule.length !== K) {
    throw new Refusal(
      "invalid_value",
      `vpg.schedule: this model takes ${K} steps, so a list needs ${K} factors, not ${schedule.length}.`,
      { param: "vpg.schedule" },
    );
  }
  const factor = (k: number) => {
    if (schedule === "constant") return 1;
    if (schedule === "ramp") return ramp(k, K);
    return schedule[k]!;
  };
  return Array.from({ length: K }, (_, k) => finite(scale * factor(k)));
}

const ramp = (k: number, K: number) => (K === 1 ? 1 : k / (K - 1));

function finite(strength: number): number {
  const rounded = Math.fround(strength);
  if (Number.isFinite(rounded)) return rounded;
  throw new Refusal("invalid_value", "vpg.scale: its product with vpg.schedule must be a finite float32.", {
    param: "vpg.scale",
  });
}
