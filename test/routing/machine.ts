/** An endpoint that is only thought of: it takes virtual time, serves one after the other, has a cache, and bad days. */
import type {
  DecodeAnswer,
  DecodeRequest,
  StepAnswer,
  StepRequest,
  StepSource,
} from "../../adapters/contract.ts";
import { type Billed, Fault, type FaultKind } from "../../adapters/fault.ts";
import type { Clock } from "./clock.ts";
import { logitsOf } from "./logits.ts";

/** What may be wrong with it. */
export type Trouble =
  /** So many times slower. */
  | { readonly kind: "gray"; readonly times: number }
  /** Refuses connections, and cuts those it has. */
  | { readonly kind: "dead" }
  /** Takes everything and answers nothing. */
  | { readonly kind: "hang" }
  | { readonly kind: "cold"; readonly retryAfterMs: number | null }
  | { readonly kind: "overload"; readonly retryAfterMs: number | null }
  | { readonly kind: "credentials" }
  | { readonly kind: "rejects" }
  /** Of its answers a share is malformed: from the head, from a piece, or in a row that the kernel alone sees. */
  | { readonly kind: "corrupt"; readonly share: number; readonly where: "head" | "body" | "row" }
  /** Of its answers a share is cut in the middle. */
  | { readonly kind: "flaky"; readonly share: number };

type Spoil = "head" | "body" | "row" | "cut";

export interface MachineOptions {
  readonly name: string;
  readonly numerics: string;
  readonly region?: string | null;
  readonly clock: Clock;
  /** 0 <= x < 1. */
  readonly random: () => number;
  /** Milliseconds a unit of work. */
  readonly speed: number;
  /** Requests it works on at once. */
  readonly parallel: number;
  /** Of the work of earlier steps, what replaying them without a cache takes. */
  readonly replay?: number;
}

export class Machine implements StepSource {
  readonly options: MachineOptions;
  trouble: Trouble | null = null;
  /** Units of work done for answers, whatever became of them. */
  worked = 0;
  asked = 0;
  #working = 0;
  #queue: (() => void)[] = [];
  readonly #open = new Set<Connection>();
  /** By picture: how many steps it has seen of it. */
  readonly #cache = new Map<string, number>();

  constructor(options: MachineOptions) {
    this.options = options;
  }

  /** Its bad day begins, or ends. */
  becomes(trouble: Trouble | null): void {
    this.trouble = trouble;
    if (trouble?.kind !== "dead") return;
    this.#cache.clear();
    for (const connection of this.#open) connection.stop({ kind: "unreachable" }, "unknown");
  }

  async step(request: StepRequest, signal: AbortSignal): Promise<StepAnswer> {
    const connection = this.#connect(request.deadlineMs, signal);
    try {
      await connection.pass(1);
      this.#refuse();
      const isHit = request.pictures.every(({ prefixKey }) => this.#cache.get(prefixKey) === request.step);
      const own = request.pictures.length * unitsOf(request.length);
      const tokens = request.pictures[0]!.prefix.byteLength / 2;
      const before = isHit
        ? 0
        : (this.options.replay ?? 0.25) * request.pictures.length * (request.step + tokens);
      const ms = await this.#work(connection, own + before);
      const bytes = logitsOf(request, this.options.numerics);
      const spoiled = this.#spoil();
      if (spoiled === "head") throw this.#fault({ kind: "corrupt" }, "yes");
      if (spoiled === "row") new DataView(bytes.buffer).setUint16(bytes.length - 2, 0x7e00, true);
      const { name, region = null, numerics } = this.options;
      const deviceMs = ms / request.pictures.length;
      const { revision } = request;
      for (const { prefixKey } of request.pictures) this.#cache.set(prefixKey, request.step + 1);
      return {
        route: { endpoint: name, region },
        stats: request.pictures.map(() => ({ deviceMs, cache: isHit ? "hit" : "miss", revision, numerics })),
        logits: this.#send(connection, bytes, ms, spoiled),
      };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async decode(request: DecodeRequest, signal: AbortSignal): Promise<DecodeAnswer> {
    const connection = this.#connect(request.deadlineMs, signal);
    try {
      await connection.pass(1);
      this.#refuse();
      await this.#work(connection, request.pictures.length * 2);
      if (this.#spoil() !== null) throw this.#fault({ kind: "corrupt" }, "yes");
      const { name, region = null, numerics } = this.options;
      const media = request.pictures.map((tokens) => fileOf(tokens, numerics));
      return { route: { endpoint: name, region }, media };
    } finally {
      connection.close();
    }
  }

  #connect(deadlineMs: number, signal: AbortSignal): Connection {
    this.asked++;
    const faultOf = (kind: FaultKind, billed: Billed) => this.#fault(kind, billed);
    const connection = new Connection(this.options.clock, deadlineMs, signal, faultOf, () =>
      this.#open.delete(connection),
    );
    this.#open.add(connection);
    return connection;
  }

  #refuse(): void {
    const { trouble } = this;
    switch (trouble?.kind) {
      case "dead":
        throw this.#fault({ kind: "cold" }, "no");
      case "cold":
      case "overload":
        throw this.#fault(
          { kind: trouble.kind === "cold" ? "cold" : "overloaded" },
          "no",
          trouble.retryAfterMs,
        );
      case "credentials":
        throw this.#fault({ kind: "credentials" }, "no");
      case "rejects":
        throw this.#fault({ kind: "rejected" }, "no");
    }
  }

  /** Waits for its turn and for the work. @returns ms of the work alone */
  async #work(connection: Connection, units: number): Promise<number> {
    const { speed, parallel } = this.options;
    if (this.#working >= parallel) {
      const turn = Promise.withResolvers<void>();
      this.#queue.push(turn.resolve);
      try {
        await connection.race(turn.promise);
      } catch (error) {
        // Whose turn has just come passes it on.
        if (!this.#queue.includes(turn.resolve)) this.#next();
        this.#queue = this.#queue.filter((one) => one !== turn.resolve);
        throw error;
      }
    } else this.#working++;
    try {
      const times = this.trouble?.kind === "gray" ? this.trouble.times : 1;
      const ms = units * speed * times;
      this.worked += units;
      await connection.pass(ms);
      if (this.trouble?.kind === "hang") await connection.pass(Number.POSITIVE_INFINITY);
      return ms;
    } finally {
      this.#next();
    }
  }

  /** Whoever waits longest works now. */
  #next(): void {
    const turn = this.#queue.shift();
    if (turn) turn();
    else this.#working--;
  }

  #spoil(): Spoil | null {
    const { trouble } = this;
    if (trouble?.kind === "corrupt") return this.options.random() < trouble.share ? trouble.where : null;
    return trouble?.kind === "flaky" && this.options.random() < trouble.share ? "cut" : null;
  }

  async *#send(
    connection: Connection,
    bytes: Uint8Array,
    ms: number,
    spoiled: Spoil | null,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      const half = bytes.byteLength >> 1;
      yield bytes.subarray(0, half);
      await connection.pass(0.1 * ms);
      if (this.trouble?.kind === "hang") await connection.pass(Number.POSITIVE_INFINITY);
      if (spoiled === "body") throw this.#fault({ kind: "corrupt" }, "yes");
      if (spoiled === "cut") throw this.#fault({ kind: "unreachable" }, "yes");
      yield bytes.subarray(half);
    } finally {
      connection.close();
    }
  }

  #fault(kind: FaultKind, billed: Billed, retryAfterMs: number | null = null): Fault {
    return new Fault(kind, this.options.name, billed, "in the simulation", undefined, retryAfterMs);
  }
}

/** A file: the tokens themselves, and the class that decoded them, whose files have bytes of their own. */
export function fileOf(tokens: Uint8Array, numerics: string): Uint8Array {
  return Uint8Array.from([...tokens, ...new TextEncoder().encode(numerics)]);
}

/** Units of work of a step of one picture. */
export const unitsOf = (length: number) => 1 + length;

/** One request under way: its deadline, its caller, and what may cut it. */
class Connection {
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #onAbort: () => void;
  readonly #signal: AbortSignal;
  readonly #faultOf: (kind: FaultKind, billed: Billed) => Fault;
  readonly #closed: () => void;
  #fault: Fault | null = null;
  #phase: "head" | "body" = "head";

  constructor(
    clock: Clock,
    deadlineMs: number,
    signal: AbortSignal,
    faultOf: (kind: FaultKind, billed: Billed) => Fault,
    closed: () => void,
  ) {
    this.#clock = clock;
    this.#signal = signal;
    this.#faultOf = faultOf;
    this.#closed = closed;
    this.#onAbort = () => this.stop({ kind: "cancelled" }, "unknown");
    if (signal.aborted) this.#onAbort();
    signal.addEventListener("abort", this.#onAbort);
    void clock
      .sleep(deadlineMs, this.#stop.signal)
      .then(() => this.stop({ kind: "timeout", phase: this.#phase }, "unknown"));
  }

  /** @throws Fault where it is cut before */
  async pass(ms: number): Promise<void> {
    if (ms === Number.POSITIVE_INFINITY) await this.race(new Promise(() => {}));
    else await this.#clock.sleep(ms, this.#stop.signal);
    if (this.#fault) throw this.#fault;
  }

  async race(work: Promise<void>): Promise<void> {
    const cut = new Promise<void>((resolve) => {
      if (this.#stop.signal.aborted) resolve();
      this.#stop.signal.addEventListener("abort", () => resolve());
    });
    await Promise.race([work, cut]);
    if (this.#fault) throw this.#fault;
  }

  stop(kind: FaultKind, billed: Billed): void {
    this.#fault ??= this.#faultOf(kind, billed);
    this.#stop.abort();
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#closed();
    this.#fault ??= this.#faultOf({ kind: "cancelled" }, "unknown");
    this.#stop.abort();
  }
}
