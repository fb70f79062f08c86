/** One call under a deadline and the caller's signal: knows how far it came, and makes every fault of it. */
import { type Billed, Fault, type FaultKind } from "../fault.ts";
import { Malformed } from "../oip/malformed.ts";
import { lengthOf } from "../oip/open.ts";
import { type Pieces, piecesOf } from "../oip/pieces.ts";
import { described, meaningOf } from "./network.ts";
import { longestOf, type Redact, redactor } from "./redact.ts";
import { retryAfterOf } from "./retry-after.ts";

type Phase = "connect" | "head" | "body";

export interface CallOptions {
  readonly endpoint: string;
  /** Takes the wire's secrets out of a text. */
  readonly redact: Redact;
  /** What the caller wrote: an endpoint that repeats it brings it into no message. */
  readonly hidden?: readonly string[];
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Longer texts are of no use in a log. */
const maxMessage = 1000;

/** setTimeout counts in 32 bits; a longer deadline is none. */
const maxTimer = 2 ** 31 - 1;

export class Call {
  readonly #options: CallOptions;
  readonly #controller = new AbortController();
  readonly #onAbort = () => this.#stop({ kind: "cancelled" }, "the caller gave up");
  #timer: ReturnType<typeof setTimeout> | undefined;
  #phase: Phase = "connect";
  #billed: Billed = "no";
  #stopped: Fault | null = null;
  #interrupt: ((fault: Fault) => void) | null = null;

  /** @param options whose call, and when it is to end; the clock starts here */
  constructor(options: CallOptions) {
    this.#options = options;
    const { deadlineMs, signal } = options;
    signal.addEventListener("abort", this.#onAbort);
    if (signal.aborted) this.#onAbort();
    else if (!(deadlineMs > 0)) this.#expire();
    else this.#timer = setTimeout(() => this.#expire(), Math.min(deadlineMs, maxTimer));
  }

  /** Length of the longest text of the caller's that is in no message. */
  get longestHidden(): number {
    return longestOf(this.#options.hidden ?? []);
  }

  /**
   * Sends the request. Whether the connection is made already cannot be seen from here: a deadline that passes
   * before the head is one in the phase `head`, unless the platform itself says that connecting took too long.
   *
   * @param fetcher the fetch to use
   * @param url where
   * @param init all but the signal
   * @returns the answer's head
   * @throws Fault
   */
  async send(fetcher: typeof fetch, url: string, init: RequestInit): Promise<Response> {
    this.#check();
    this.#phase = "head";
    this.#billed = "unknown";
    const response = await this.wait(fetcher(url, { ...init, signal: this.#controller.signal }));
    this.#phase = "body";
    return response;
  }

  /**
   * @param response the head
   * @returns its body, each piece of which obeys deadline and signal
   */
  pieces(response: Response): Pieces {
    const length = lengthOf(response.headers);
    const pieces = piecesOf(response.body, Number.isSafeInteger(length) ? length : null);
    return { next: () => this.wait(pieces.next()), cancel: () => pieces.cancel() };
  }

  /**
   * Waits no longer than the call lives. One wait at a time.
   *
   * @param work what to wait for
   * @returns its value
   * @throws Fault, or Malformed as it comes
   */
  async wait<T>(work: Promise<T>): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#interrupt = reject;
        if (this.#stopped !== null) reject(this.#stopped);
        work.then(resolve, reject);
      });
    } catch (error) {
      throw this.faultOf(error);
    } finally {
      this.#interrupt = null;
    }
  }

  /** From now on the endpoint has done its work, whatever comes. */
  served(): void {
    this.#billed = "yes";
  }

  /**
   * @param error anything thrown on the way
   * @returns the one fault it means
   */
  faultOf(error: unknown): Fault {
    if (error instanceof Fault) return error;
    if (this.#stopped !== null) return this.#stopped;
    if (error instanceof Malformed) return this.fault({ kind: "corrupt" }, error.message);
    const { fault, billed } = meaningOf(error);
    return this.fault(fault, described(error), billed);
  }

  /**
   * @param kind what kind
   * @param text for the log; secrets are taken out of it here
   * @param billed whether it cost something, if that is known better than from how far the call came
   * @param retryAfterMs how long it asks to be left alone
   * @returns the fault
   */
  fault(
    kind: FaultKind,
    text: string,
    billed: Billed = this.#billed,
    retryAfterMs: number | null = null,
  ): Fault {
    const { endpoint, redact, hidden = [] } = this.#options;
    const message = redactor(hidden)(redact(text)).slice(0, maxMessage);
    return new Fault(kind, endpoint, billed, message, undefined, retryAfterMs);
  }

  /**
   * The endpoint refused with a status: that says more than a deadline which passed while its words were read,
   * and less than a caller who is gone.
   *
   * @param kind what the status means
   * @param text for the log
   * @param billed whether it cost something
   * @param headers the answer's, where the endpoint may say how long it wants to be left alone
   * @returns the fault
   */
  refused(kind: FaultKind, text: string, billed: Billed, headers: Headers = new Headers()): Fault {
    if (this.#stopped?.fault.kind === "cancelled") return this.#stopped;
    const comesBack = kind.kind === "overloaded" || kind.kind === "cold";
    return this.fault(kind, text, billed, comesBack ? retryAfterOf(headers) : null);
  }

  /** The call is over: no timer, no listener stays. */
  close(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#options.signal.removeEventListener("abort", this.#onAbort);
  }

  /** Nobody wants the rest: closes the connection as well; a wait under way ends as cancelled. */
  abandon(): void {
    this.#stop({ kind: "cancelled" }, "the answer was left early");
  }

  #expire(): void {
    this.#stop({ kind: "timeout", phase: this.#phase }, `${this.#options.deadlineMs} ms have passed`);
  }

  #stop(kind: FaultKind, text: string): void {
    if (this.#stopped !== null) return;
    this.#stopped = this.fault(kind, text);
    this.close();
    this.#controller.abort();
    this.#interrupt?.(this.#stopped);
  }

  #check(): void {
    if (this.#stopped !== null) throw this.#stopped;
  }
}
