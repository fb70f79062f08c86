/** One listener's bounded queue: the engine never waits for it, a newer preview replaces an older one. */
import type { Line, Pending } from "./events.ts";

/** Locally a hang-up shows as the second failed write, so a silent listener is written to this often. */
const KEEP_ALIVE_MS = 1_000;
/** It is looked so often whether anything was said since: lines come faster than a timer for each would be cheap. */
const LOOK_MS = KEEP_ALIVE_MS / 2;
const STALLED_MS = 30_000;

/** `events`: without a comment at each step, for who waits for the end alone and is not to be woken before. */
export type Hears = "all" | "events";

/** Lines of JSON, one an event, with a comment at least every second. */
export class Listener {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #queue: Pending[] = [];
  #ended = false;
  #takenAt = Date.now();
  #arrival = Promise.withResolvers<void>();
  #isWaiting = false;
  /** Nothing was said since it was last looked. */
  #isQuiet = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #controller!: ReadableByteStreamController;
  readonly #gone: () => void;
  readonly #hears: Hears;

  /** @param gone called once when the listener hangs up or takes nothing for thirty seconds. */
  constructor(gone: () => void, hears: Hears = "all") {
    this.#gone = gone;
    this.#hears = hears;
    this.stream = new ReadableStream({
      type: "bytes",
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#give(),
      cancel: () => this.leave(),
    });
  }

  push(line: Pending): void {
    if (this.#ended || ("comment" in line && this.#hears === "events")) return;
    this.#queueUp(line);
  }

  #queueUp(line: Pending): void {
    if (this.#ended) return;
    this.#isQuiet = false;
    if (this.#queue.length > 0 && Date.now() - this.#takenAt > STALLED_MS) {
      this.#controller.error(new Error("the listener took nothing for 30 s"));
      this.leave();
      return;
    }
    const older = this.#queue.findIndex((queued) => replaces(line, queued));
    if (older >= 0) this.#queue.splice(older, 1);
    this.#queue.push(line);
    this.#arrival.resolve();
  }

  /** No more lines: the stream closes once what is queued has been taken. */
  end(): void {
    this.#ended = true;
    this.#still();
    this.#arrival.resolve();
  }

  /** Hung up: nothing more is sent. */
  leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#still();
    this.#arrival.resolve();
    this.#gone();
  }

  async #give(): Promise<void> {
    this.#takenAt = Date.now();
    if (this.#queue.length === 0 && !this.#ended) await this.#wait();
    const line = this.#queue.shift();
    if (line) this.#controller.enqueue(new TextEncoder().encode(`${JSON.stringify(await toLine(line))}\n`));
    else if (this.#ended) {
      this.#controller.close();
      this.#controller.byobRequest?.respond(0);
    }
    this.#takenAt = Date.now();
  }

  async #wait(): Promise<void> {
    this.#arrival = Promise.withResolvers();
    this.#isWaiting = true;
    if (this.#timer === null) {
      this.#isQuiet = false;
      this.#timer = setTimeout(() => this.#look(), LOOK_MS);
    }
    await this.#arrival.promise;
    this.#isWaiting = false;
  }

  #look(): void {
    this.#timer = null;
    if (!this.#isWaiting) return;
    this.#timer = setTimeout(() => this.#look(), LOOK_MS);
    if (this.#isQuiet) this.#queueUp({ comment: "keep-alive" });
    else this.#isQuiet = true;
  }

  #still(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

async function toLine(pending: Pending): Promise<Line> {
  if ("comment" in pending) return pending;
  const media = await pending.media();
  return { id: pending.id, event: pending.event, media: media?.toBase64() ?? null };
}

/** Whether a new line makes one still queued worthless: a newer preview of that picture, another sign of life. */
function replaces(line: Pending, queued: Pending): boolean {
  if ("comment" in line) return "comment" in queued;
  return (
    "event" in queued &&
    line.event.type === "preview" &&
    queued.event.type === "preview" &&
    line.event.imageIndex === queued.event.imageIndex
  );
}
