/** Wakes everybody who waits for a change of the fleet's state. */
import { policy } from "./policy.ts";
import type { FleetPorts } from "./terms.ts";

/**
 * Rings by promises alone: who rings and who waits may be different requests, and workerd lets no signal of one be
 * fired by another.
 */
export class Alarm {
  readonly #sleep: FleetPorts["sleep"];
  #next = Promise.withResolvers<void>();

  constructor(sleep: FleetPorts["sleep"]) {
    this.#sleep = sleep;
  }

  ring(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** Ends when it rings, the signal fires, or so many ms are over; a tick at the latest, since a ring may get lost. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await either(this.#next.promise, Math.min(ms, policy.tickMs), this.#sleep, signal);
  }
}

/** Waits for a promise, but no longer than so many ms, and not when the signal has fired. */
export async function either(
  promise: Promise<void>,
  ms: number,
  sleep: FleetPorts["sleep"],
  signal: AbortSignal,
): Promise<void> {
  const timer = new AbortController();
  const over = sleep(ms, AbortSignal.any([signal, timer.signal])).catch(() => undefined);
  await Promise.race([promise, over]);
  timer.abort();
}
