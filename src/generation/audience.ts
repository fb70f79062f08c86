/** Who listens to a generation, and what a latecomer is told of what has passed. */
import type { Pending } from "./events.ts";
import { type Hears, Listener } from "./listener.ts";

type PendingEvent = Extract<Pending, { id: number }>;

/** All listeners of one generation, and the newest preview of each picture for those who come late. */
export class Audience {
  readonly #listeners = new Map<string, Listener>();
  readonly #previews = new Map<number, PendingEvent>();
  readonly #deserted: () => void;

  /** @param deserted called when the last listener has left of its own. */
  constructor(deserted: () => void) {
    this.#deserted = deserted;
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  /**
   * A listener that is first told what has passed: of previews the newest a picture, the rest in order.
   * @param name what it leaves under.
   * @param past logged events after the last one the listener knows.
   * @param media the finished picture of that index, or null once it has expired.
   * @param hears see `Hears`.
   */
  join(
    name: string,
    past: readonly Pick<PendingEvent, "id" | "event">[],
    media: (imageIndex: number) => Promise<Uint8Array | null>,
    hears: Hears = "all",
  ): Listener {
    const listener = new Listener(() => {
      // Under its name another one may listen by now: a client whose stream broke comes back under the same.
      if (this.#listeners.get(name) !== listener) return;
      this.#listeners.delete(name);
      if (this.isEmpty) this.#deserted();
    }, hears);
    this.#listeners.set(name, listener);
    for (const { id, event } of past) {
      if (event.type === "preview") {
        const newest = this.#previews.get(event.imageIndex);
        if (newest?.id === id) listener.push(newest);
      } else {
        const own = () => (event.type === "completed" ? media(event.imageIndex) : null);
        listener.push({ id, event, media: own });
      }
    }
    return listener;
  }

  leave(name: string): void {
    this.#listeners.get(name)?.leave();
  }

  tell(line: Pending): void {
    if ("event" in line && line.event.type === "preview") this.#previews.set(line.event.imageIndex, line);
    for (const listener of this.#listeners.values()) listener.push(line);
  }

  /** Nothing more will come: every stream closes once its queue is empty. */
  dismiss(): void {
    for (const listener of this.#listeners.values()) listener.end();
    this.#listeners.clear();
    this.#previews.clear();
  }
}
