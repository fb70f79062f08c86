/** One call of one endpoint, from its slot to its last byte: what became of it is recorded once, its slot given back once. */
import type { RouteReason } from "../../adapters/contract.ts";
import { Fault } from "../../adapters/fault.ts";
import type { Bucket } from "./bucket.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Outcomes } from "./outcomes.ts";
import { policy } from "./policy.ts";
import type { Lease } from "./slots.ts";

/** What an answer that ended well was worth. */
export interface Work {
  readonly deviceMs: number;
  readonly bytes: number;
}

export interface AttemptOptions {
  readonly endpoint: Endpoint;
  readonly reason: RouteReason;
  readonly lease: Lease;
  /** The kind of call it is thought to be. */
  readonly bucket: Bucket;
  /** In ms from its beginning; after that it has ended in any case. */
  readonly deadlineMs: number;
  /** Whether the call goes to an endpoint whose breaker is open, or that rests, to see how it is. */
  readonly isProbe: boolean;
  /** Told once, when the call is over. */
  readonly onEnd: (isAnswered: boolean) => void;
}

export class Attempt {
  readonly #outcomes: Outcomes;
  readonly #options: AttemptOptions;
  readonly began: number;
  /** Calls at once at the provider, this one included. */
  readonly load: number;
  /** How it was written down. */
  #end: "answered" | "left" | null = null;
  #fault: Fault | null = null;

  constructor(outcomes: Outcomes, options: AttemptOptions) {
    this.#outcomes = outcomes;
    this.#options = options;
    this.began = outcomes.now();
    this.load = options.endpoint.provider.slots.inUse;
    outcomes.asked(options.endpoint, options.isProbe, this.began + options.deadlineMs);
  }

  get endpoint(): Endpoint {
    return this.#options.endpoint;
  }

  get reason(): RouteReason {
    return this.#options.reason;
  }

  get deadlineMs(): number {
    return this.#options.deadlineMs;
  }

  get bucket(): Bucket {
    return this.#options.bucket;
  }

  /** Milliseconds since it was asked; at least `shortestMs`, whatever the clock says. */
  get ms(): number {
    return Math.max(policy.shortestMs, this.#outcomes.now() - this.began);
  }

  /** @param bucket the kind of call it turned out to be */
  succeed(work: Work, bucket: Bucket = this.#options.bucket): void {
    if (this.#isOver) return;
    this.#end = "answered";
    const { ms, load, began } = this;
    this.#outcomes.answered(this.endpoint, { ms, load, began, work, bucket });
    this.#close(true);
  }

  /**
   * Also after it was left, or has even ended well: what is wrong with an answer may be seen by its reader alone.
   *
   * @param fault what it failed with; of several the first counts
   */
  fail(fault: Fault): void {
    if (fault.fault.kind === "cancelled") {
      this.leave();
      return;
    }
    if (this.#fault !== null) return;
    const wasOver = this.#isOver;
    this.#fault = fault;
    if (this.#end !== null) this.endpoint.counters[this.#end]--;
    const { ms, load, began } = this;
    const { bucket, isProbe } = this.#options;
    this.#outcomes.failed(this.endpoint, fault, { ms, load, began, bucket, isProbe });
    if (!wasOver) this.#close(false);
  }

  /** Nobody wants the rest of it: says nothing of the endpoint. */
  leave(): void {
    if (this.#isOver) return;
    this.#end = "left";
    this.#outcomes.left(this.endpoint, this.#options.isProbe);
    this.#close(false);
  }

  get #isOver(): boolean {
    return this.#end !== null || this.#fault !== null;
  }

  #close(isAnswered: boolean): void {
    this.#options.lease.release();
    this.#options.onEnd(isAnswered);
  }

  /**
   * @param pieces an answer's
   * @param signal the caller's: when it fires before anybody has read them, the call is over all the same
   * @param done what the answer is worth when it has ended well, by its bytes
   * @returns the same pieces, whose end, failure or being left is recorded
   */
  watch(
    pieces: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
    done: (bytes: number) => void,
  ): AsyncIterableIterator<Uint8Array> {
    const source = pieces[Symbol.asyncIterator]();
    const onAbort = () => this.leave();
    signal.addEventListener("abort", onAbort);
    const settled = () => signal.removeEventListener("abort", onAbort);
    let bytes = 0;
    return {
      next: async () => {
        try {
          const next = await source.next();
          if (next.done) {
            settled();
            done(bytes);
          } else bytes += next.value.byteLength;
          return next;
        } catch (error) {
          settled();
          if (error instanceof Fault) this.fail(error);
          else this.leave();
          throw error;
        }
      },
      return: async () => {
        settled();
        this.leave();
        await source.return?.();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
