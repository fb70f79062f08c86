/** A provider's requests at once, and who waits for one: by turns among generations, first come first served within each. */
import { waitFor } from "./alarm.ts";
import { policy } from "./policy.ts";
import type { FleetPorts } from "./terms.ts";

/** One of a provider's slots, held by one call. */
export interface Lease {
  /** Harmless when repeated. */
  release(): void;
  /** The call has ended by then, in ms, or its holder has gone without a word; until that is said, a tick from the beginning. */
  endsBy(until: number): void;
}

interface Waiter {
  lease: Lease | null;
  /** When it looked last whether its turn has come, in ms. */
  seenAt: number;
}

export class Slots {
  readonly #capacity: number;
  readonly #ports: Pick<FleetPorts, "now" | "sleep">;
  /** Each with the moment after which its holder must have gone without a word. */
  readonly #leases = new Map<Lease, number>();
  /** By generation, in the order of their turns. */
  readonly #queues = new Map<number, Waiter[]>();

  constructor(capacity: number, ports: Pick<FleetPorts, "now" | "sleep">) {
    this.#capacity = capacity;
    this.#ports = ports;
  }

  get inUse(): number {
    this.#takeBack();
    return this.#leases.size;
  }

  get waiting(): number {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.length, 0);
  }

  /** Whether a newcomer may take one at once: one is free, and nobody waits for it. */
  get hasRoom(): boolean {
    this.#serve();
    return this.#queues.size === 0 && this.#leases.size < this.#capacity;
  }

  /** Takes a slot past all who wait; for who has seen that there is room. */
  take(): Lease {
    const lease: Lease = {
      release: () => this.#release(lease),
      endsBy: (until) => {
        if (this.#leases.has(lease)) this.#leases.set(lease, until + policy.graceMs);
      },
    };
    this.#leases.set(lease, this.#ports.now() + policy.tickMs + policy.graceMs);
    return lease;
  }

  /**
   * Waits for a turn. Whoever frees a slot may be another request, which the platform may have ended without a word:
   * so each waits by a timer of its own as well.
   *
   * @param generation whose turn it is
   * @param until to wait no longer
   * @param stays asked now and then whether it is still worth waiting here
   * @param signal ends the wait
   * @returns a slot, or null when the time is over, the signal fired, or it is not worth it
   */
  async wait(
    generation: number,
    until: number,
    stays: () => boolean,
    signal: AbortSignal,
  ): Promise<Lease | null> {
    const { now, sleep } = this.#ports;
    const waiter: Waiter = { lease: null, seenAt: now() };
    this.#queues.set(generation, [...(this.#queues.get(generation) ?? []), waiter]);
    this.#grant();
    const isServed = () => {
      waiter.seenAt = now();
      return waiter.lease !== null;
    };
    while (waiter.lease === null && !signal.aborted && now() < until && stays()) {
      await waitFor(isServed, Math.min(until - now(), policy.tickMs), sleep, signal);
      if (isServed()) break;
      // The isolate may have been busy for so long that it was taken for gone.
      const own = this.#queues.get(generation) ?? [];
      if (!own.includes(waiter)) this.#queues.set(generation, [...own, waiter]);
      this.#serve();
    }
    if (waiter.lease === null) this.#leave(generation, waiter);
    else if (signal.aborted) waiter.lease.release();
    return signal.aborted ? null : waiter.lease;
  }

  #release(lease: Lease): void {
    if (this.#leases.delete(lease)) this.#grant();
  }

  /** Gives free slots to those whose turn it is; a generation goes to the end after each. */
  #grant(): void {
    for (const [generation, [next, ...rest]] of this.#queues) {
      if (this.#leases.size >= this.#capacity) return;
      this.#queues.delete(generation);
      if (rest.length > 0) this.#queues.set(generation, rest);
      next!.lease = this.take();
    }
  }

  #leave(generation: number, waiter: Waiter): void {
    const rest = (this.#queues.get(generation) ?? []).filter((one) => one !== waiter);
    if (rest.length > 0) this.#queues.set(generation, rest);
    else this.#queues.delete(generation);
  }

  /** Whatever those have left who have gone without a word, slots and places in the queue, goes to who is next. */
  #serve(): void {
    this.#takeBack();
    const gone = this.#ports.now() - policy.goneMs;
    for (const [generation, queue] of this.#queues)
      for (const waiter of queue) if (waiter.seenAt < gone) this.#leave(generation, waiter);
    this.#grant();
  }

  #takeBack(): void {
    const now = this.#ports.now();
    for (const [lease, until] of this.#leases) if (now > until) this.#leases.delete(lease);
  }
}
