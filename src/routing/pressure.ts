/** How hard an endpoint seems to be pressed, 0 to 1, fading by itself: a pure reducer. */
import { policy } from "./policy.ts";

export interface Pressure {
  readonly value: number;
  /** When that was. */
  readonly at: number;
}

export const relaxed: Pressure = { value: 0, at: 0 };

export function pressureAt({ value, at }: Pressure, now: number): number {
  return value === 0 ? 0 : value * 0.5 ** (Math.max(0, now - at) / policy.pressure.halfLifeMs);
}

export function afterTrouble(pressure: Pressure, now: number): Pressure {
  const value = pressureAt(pressure, now);
  return { value: value + (1 - value) * policy.pressure.rise, at: now };
}
