/** The way from a handler to a generation's object: starts one, follows one, survives its restarts. */
import type { Plan } from "../plan/plan.ts";
import { sha256 } from "./digest.ts";
import type { Line } from "./events.ts";
import type { GenerationObject } from "./generation.ts";
import { START_WITHIN_MS } from "./id.ts";
import type { Terms } from "./journal.ts";
import type { Hears } from "./listener.ts";
import type { Attached, Following, Refused } from "./ports.ts";
import type { GenerationRecord } from "./record.ts";

/** How often a broken stream is taken up again without a new event in between. */
const REATTACH = 5;
const REATTACH_AFTER_MS = 1_000;

export interface Followed {
  readonly record: GenerationRecord;
  /** Ends after the last event, or once it has been left. */
  readonly lines: AsyncIterable<Line>;
  /** Hangs up, at once; resolves when the generation has heard of it, or cannot. */
  readonly leave: () => Promise<void>;
}

export class GenerationService<Env> {
  readonly #objects: DurableObjectNamespace<GenerationObject<Env>>;

  constructor(objects: DurableObjectNamespace<GenerationObject<Env>>) {
    this.#objects = objects;
  }

  /**
   * Starts a plan under a fresh id and follows it; idempotent by the id and the plan's digest.
   * @param madeMs when the id was made; more than a minute ago is refused.
   */
  async begin(
    id: string,
    madeMs: number,
    plan: Plan,
    terms: Terms,
    hears: Hears,
  ): Promise<Followed | Refused> {
    if (Date.now() - madeMs > START_WITHIN_MS) return "expired";
    const digest = await sha256(JSON.stringify(plan));
    const name = crypto.randomUUID();
    const begun = await this.#object(id).begin({ id, digest, plan, terms, name, hears });
    return typeof begun === "string" ? begun : this.#following(begun, terms.account, id, name, 0);
  }

  async describe(account: string, id: string): Promise<GenerationRecord | "unknown"> {
    return this.#object(id).describe(account);
  }

  /** Stops it for good. */
  async cancel(account: string, id: string): Promise<GenerationRecord | "unknown"> {
    return this.#object(id).cancel(account);
  }

  /** Deletes its prompt, tokens and outputs. */
  async forget(account: string, id: string): Promise<"deleted" | "running" | "unknown"> {
    return this.#object(id).forget(account);
  }

  /** Follows a generation from after event `after`. */
  async follow(account: string, id: string, after: number): Promise<Followed | Refused> {
    const name = crypto.randomUUID();
    const attached = await this.#object(id).attach(account, name, after);
    return typeof attached === "string" ? attached : this.#following(attached, account, id, name, after);
  }

  /** Goes on following, also where the stream breaks, until it is left. */
  #following(attached: Attached, account: string, id: string, name: string, after: number): Followed {
    // A stub is broken once its object has died, so each call takes a new one.
    const attach = (known: number) => this.#object(id).attach(account, name, known);
    const left = new AbortController();
    return {
      record: attached.record,
      lines: linesOf(attached.lines, attach, after, left.signal),
      leave: async () => {
        left.abort();
        await this.#object(id)
          .leave(name)
          .catch(() => undefined);
      },
    };
  }

  #object(id: string) {
    return this.#objects.get(this.#objects.idFromName(id));
  }
}

/** Lines across breaks of the stream: an object that died wakes and goes on, so we listen again. */
async function* linesOf(
  first: ReadableStream<Uint8Array>,
  attach: (after: number) => Promise<Following>,
  after: number,
  left: AbortSignal,
): AsyncGenerator<Line, void> {
  let stream: ReadableStream<Uint8Array> | null = first;
  let known = after;
  for (let tries = 0; !left.aborted; tries++) {
    try {
      stream ??= await again();
      for await (const line of parseLines(stream, left)) {
        if ("id" in line) {
          known = line.id;
          tries = 0;
        }
        yield line;
      }
      return;
    } catch (error) {
      if (tries >= REATTACH) throw error;
      stream = null;
      await new Promise((resolve) => setTimeout(resolve, REATTACH_AFTER_MS));
    }
  }

  async function again(): Promise<ReadableStream<Uint8Array>> {
    const attached = await attach(known);
    if (typeof attached === "string") throw new Error(`generation: ${attached}`);
    return attached.lines;
  }
}

/** Reads lines until the end; leaving cancels the read that waits, so that the other side knows at once. */
async function* parseLines(
  stream: ReadableStream<Uint8Array>,
  left: AbortSignal,
): AsyncGenerator<Line, void> {
  const reader = stream.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  left.addEventListener("abort", cancel);
  if (left.aborted) cancel();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const lines = (rest + decoder.decode(read.value, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) yield JSON.parse(line) as Line;
    }
  } finally {
    left.removeEventListener("abort", cancel);
  }
}
