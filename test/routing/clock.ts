/** Time that passes only when everybody waits: a heap of events, run one after the other. */

interface Event {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

export class Clock {
  #now: number;
  #events: Event[] = [];
  #order = 0;

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  /** Ends as soon as the signal fires, without an error. */
  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const event = this.#add(this.#now + Math.max(0, ms), () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = () => {
        event.run = null;
        resolve();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });

  /** Calls something then. */
  at(time: number, run: () => void): void {
    this.#add(Math.max(time, this.#now), run);
  }

  /** Lets time pass until nothing is left to happen, or it is enough. */
  async run(isEnough: () => boolean = () => false): Promise<void> {
    await quiet();
    while (!isEnough()) {
      const next = this.#pop();
      if (next === undefined) return;
      if (next.run === null) continue;
      this.#now = next.at;
      next.run();
      await quiet();
    }
  }

  /** @returns the work's outcome, after as much time as it takes */
  async finish<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    await this.run(() => isOver);
    if (!isOver) throw new Error("it waits for something that never happens");
    return await work;
  }

  #add(at: number, run: () => void): Event {
    const event: Event = { at, order: this.#order++, run };
    const events = this.#events;
    let i = events.push(event) - 1;
    for (let up = (i - 1) >> 1; i > 0 && isBefore(event, events[up]!); up = (i - 1) >> 1) {
      events[i] = events[up]!;
      i = up;
    }
    events[i] = event;
    return event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let i = 0;
    for (let child = 1; child < events.length; child = 2 * i + 1) {
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child++;
      if (!isBefore(events[child]!, last)) break;
      events[i] = events[child]!;
      i = child;
    }
    events[i] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Until all promises have settled that can without time passing. */
const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));
