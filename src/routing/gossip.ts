/** Keeps an isolate's fleet informed of what others have learnt, and tells them: a call a second while it works. */
import type { StepSource } from "../../adapters/contract.ts";
import { since, type Tally } from "./counted.ts";
import type { SharedFleet } from "./shared.ts";

/** What is older is asked for anew, while the work goes on. */
const STALE_MS = 1_000;
/** A fresh isolate waits this long at most to hear what others know. */
const FIRST_WAIT_MS = 200;

/** All that the board knows: states, and the calls of all isolates by endpoint. */
export interface Known {
  readonly state: SharedFleet;
  readonly counted: Tally;
}

export interface GossipPorts {
  /** Tells the board, and hears from it. */
  readonly exchange: (learnt: SharedFleet, counted: Tally) => Promise<Known>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly log: (line: string) => void;
}

/** The part of a fleet that is told of. */
export interface Informed {
  snapshot(): SharedFleet;
  merge(shared: SharedFleet): void;
  /** Calls by endpoint since the isolate began. */
  counted(): Tally;
}

export class Gossip {
  readonly #fleet: Informed;
  readonly #ports: GossipPorts;
  #askedMs = Number.NEGATIVE_INFINITY;
  #isFresh = true;
  #told: Tally = {};

  constructor(fleet: Informed, ports: GossipPorts) {
    this.#fleet = fleet;
    this.#ports = ports;
  }

  /**
   * @param source of a run
   * @returns the same, which hears what others know before its first step, and every second after
   */
  informed(source: StepSource): StepSource {
    return {
      step: async (request, signal) => {
        await this.#listen();
        return source.step(request, signal);
      },
      decode: async (request, signal) => {
        await this.#listen();
        return source.decode(request, signal);
      },
    };
  }

  /**
   * Tells and hears now; where the board is not to be reached, the isolate goes on with what it knows.
   * @returns calls of all isolates by endpoint; null: the board was not reached.
   */
  async exchange(): Promise<Tally | null> {
    this.#askedMs = this.#ports.now();
    const counted = this.#fleet.counted();
    const more = since(counted, this.#told);
    // Before the answer: who asks meanwhile tells none of it a second time, and what is lost with a call was only counted.
    this.#told = counted;
    try {
      const known = await this.#ports.exchange(this.#fleet.snapshot(), more);
      this.#fleet.merge(known.state);
      return known.counted;
    } catch (error) {
      this.#ports.log(
        `routing: the board was not reached: ${error instanceof Error ? error.message : String(error)}`,
      );
      return null;
    }
  }

  /** Each waits for a call of its own: another object's may end with it, unheard. */
  async #listen(): Promise<void> {
    if (this.#isFresh) {
      await Promise.race([this.exchange(), this.#ports.sleep(FIRST_WAIT_MS)]);
      this.#isFresh = false;
    } else if (this.#ports.now() - this.#askedMs >= STALE_MS) void this.exchange();
  }
}
