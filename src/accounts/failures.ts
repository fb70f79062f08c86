/** How many keys that there are not a client's address has sent of late: in this isolate only, a brake and no wall. */
import { Bounded } from "./bounded.ts";

const WINDOW_MS = 60_000;
const ADDRESSES = 10_000;

interface Tally {
  count: number;
  readonly beganMs: number;
}

export class Failures {
  readonly #tallies = new Bounded<Tally>(ADDRESSES);
  readonly #most: number;

  /** @param most failures a minute that an address may have. */
  constructor(most: number) {
    this.#most = most;
  }

  count(address: string, nowMs: number): void {
    const tally = this.#current(address, nowMs);
    if (tally) tally.count++;
    else this.#tallies.set(address, { count: 1, beganMs: nowMs });
  }

  /** Milliseconds until this address may try again; 0: it may now. */
  waitMs(address: string, nowMs: number): number {
    const tally = this.#current(address, nowMs);
    return tally && tally.count >= this.#most ? tally.beganMs + WINDOW_MS - nowMs : 0;
  }

  #current(address: string, nowMs: number): Tally | undefined {
    const tally = this.#tallies.get(address);
    return tally && nowMs - tally.beganMs < WINDOW_MS ? tally : undefined;
  }
}
