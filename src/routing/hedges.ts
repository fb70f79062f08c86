/** Late steps asked for a second time elsewhere, where that is switched on: the first answer counts, the other is left. */
import type { Attempt } from "./attempt.ts";
import { policy } from "./policy.ts";
import type { FleetPorts } from "./terms.ts";

/** As many of the last times of a kind of call are kept, and so many must be before one is called late. */
const kept = 64;
const least = 20;

interface Hedged<A> {
  readonly attempt: Attempt;
  readonly signal: AbortSignal;
  ask(attempt: Attempt, signal: AbortSignal): Promise<A>;
  /** @returns another call, its slot taken; null: there is nobody */
  second(): Attempt | null;
  /** @throws the error, where there is no use in going on */
  failed(attempt: Attempt, error: unknown): void;
}

interface Answered<A> {
  readonly attempt: Attempt;
  readonly answer: A;
}

export class Hedges {
  readonly #ports: FleetPorts;
  readonly #isOn: boolean;
  /** Milliseconds from asking to the answer's head, a picture, by kind of call. */
  readonly #times = new Map<string, readonly number[]>();
  #asked = 0;
  #doubled = 0;

  constructor(ports: FleetPorts, isOn: boolean) {
    this.#ports = ports;
    this.#isOn = isOn;
  }

  /** @returns the first answer; null where all that were asked have failed, as is written down then */
  async ask<A>(hedged: Hedged<A>): Promise<Answered<A> | null> {
    const { attempt, signal } = hedged;
    this.#asked++;
    const patience = this.#isOn ? this.#patience(attempt) : null;
    if (patience === null) {
      const answered = await settled(attempt, hedged.ask(attempt, signal));
      return this.#kept(hedged, answered);
    }
    const first = this.#start(hedged, attempt);
    const rung = new AbortController();
    const late = this.#ports.sleep(patience, AbortSignal.any([signal, rung.signal])).catch(() => undefined);
    const early = await Promise.race([first.outcome, late.then(() => null)]);
    rung.abort();
    const second = early === null && !signal.aborted ? hedged.second() : null;
    if (second === null) return this.#kept(hedged, early ?? (await first.outcome));
    this.#doubled++;
    const other = this.#start(hedged, second);
    const winner = await firstAnswer(first, other);
    if (winner !== null) {
      const loser = winner === first ? other : first;
      if (loser.error === null) loser.stop();
      else this.#writtenDown(hedged, loser.error);
      return this.#kept(hedged, await winner.outcome);
    }
    const outcomes = await Promise.all([first.outcome, other.outcome]);
    try {
      this.#kept(hedged, outcomes[0]);
    } finally {
      // The second fault is the one that goes on, or is thrown; the slots of both are given back.
      this.#kept(hedged, outcomes[1]);
    }
    return null;
  }

  #start<A>(hedged: Hedged<A>, attempt: Attempt): Started<A> {
    const own = new AbortController();
    const signal = AbortSignal.any([hedged.signal, own.signal]);
    const stop = () => {
      attempt.leave();
      own.abort();
    };
    const started: Started<A> = { outcome: settled(attempt, hedged.ask(attempt, signal)), stop, error: null };
    void started.outcome.then((outcome) => {
      if ("error" in outcome) started.error = outcome;
    });
    return started;
  }

  /** A call that failed before the other one answered: that ends nothing, however many there were. */
  #writtenDown<A>(hedged: Hedged<A>, { attempt, error }: Failed): void {
    try {
      hedged.failed(attempt, error);
    } catch {
      // The answer counts.
    }
  }

  #kept<A>(hedged: Hedged<A>, outcome: Outcome<A>): Answered<A> | null {
    const { attempt } = outcome;
    if (!("answer" in outcome)) {
      hedged.failed(attempt, outcome.error);
      return null;
    }
    const { key, pictures } = attempt.bucket;
    if (this.#isOn)
      this.#times.set(key, [...(this.#times.get(key) ?? []), attempt.ms / pictures].slice(-kept));
    return outcome;
  }

  /** @returns ms after which the call is late; null: it may not be asked twice */
  #patience({ bucket }: Attempt): number | null {
    const { share, quantile, beyond } = policy.hedge;
    const times = this.#times.get(bucket.key) ?? [];
    if (times.length < least || this.#doubled + 1 > share * this.#asked) return null;
    const sorted = times.toSorted((a, b) => a - b);
    return sorted[Math.floor(quantile * (sorted.length - 1))]! * bucket.pictures * beyond;
  }
}

interface Failed {
  readonly attempt: Attempt;
  readonly error: unknown;
}

type Outcome<A> = Answered<A> | Failed;

interface Started<A> {
  readonly outcome: Promise<Outcome<A>>;
  /** What it has failed with; null: it has not, so far. */
  error: Failed | null;
  stop(): void;
}

function settled<A>(attempt: Attempt, asking: Promise<A>): Promise<Outcome<A>> {
  return asking.then(
    (answer) => ({ attempt, answer }),
    (error: unknown) => ({ attempt, error }),
  );
}

async function firstAnswer<A>(one: Started<A>, other: Started<A>): Promise<Started<A> | null> {
  const answering = [one, other].map(async (started) => {
    if ("answer" in (await started.outcome)) return started;
    throw new Error("it has failed");
  });
  return await Promise.any(answering).catch(() => null);
}
