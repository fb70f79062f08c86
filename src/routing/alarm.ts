/** Lets requests wait for a change of the fleet's state that another request brings about. */
import { policy } from "./policy.ts";
import type { FleetPorts } from "./terms.ts";

/** Rings by being looked at: see `waitFor`. */
export class Alarm {
  readonly #sleep: FleetPorts["sleep"];
  #rung = 0;

  constructor(sleep: FleetPorts["sleep"]) {
    this.#sleep = sleep;
  }

  ring(): void {
    this.#rung++;
  }

  /** Ends soon after it rings, the signal fires, or so many ms are over; a tick at the latest. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const before = this.#rung;
    await waitFor(() => this.#rung !== before, Math.min(ms, policy.tickMs), this.#sleep, signal);
  }
}

/**
 * Looks every now and then whether something has come about, by timers of the waiting request's own. It is not woken by
 * the request that brings it about: that one may end without a word, and under the tests' runtime (vitest-plugin 1.5) who
 * was woken went on within the other request, so that its next timer was lost with it; workerd alone does not.
 *
 * @param isSo what to look for
 * @param ms how long
 * @param sleep the waiting request's
 * @param signal ends the wait
 */
export async function waitFor(
  isSo: () => boolean,
  ms: number,
  sleep: FleetPorts["sleep"],
  signal: AbortSignal,
): Promise<void> {
  for (let left = ms; left > 0 && !isSo() && !signal.aborted; left -= policy.lookMs) {
    await sleep(Math.min(left, policy.lookMs), signal).catch(() => undefined);
  }
}
