/** The way from a handler to a generation's object: starts one, follows one, survives its restarts. */
import type { Plan } from "../plan/plan.ts";
import type { Line } from "./events.ts";
import type { GenerationObject, Refused } from "./generation.ts";
import { START_WITHIN_MS } from "./id.ts";
import type { HangUp } from "./journal.ts";
import type { GenerationRecord } from "./record.ts";

/** How often a broken stream is taken up again without a new event in between. */
const REATTACH = 5;
const REATTACH_AFTER_MS = 1_000;

export interface Followed {
  readonly record: GenerationRecord;
  /** Ends after the last event; leaving early is hanging up. */
  readonly lines: AsyncGenerator<Line, void>;
}

export class GenerationService<Env> {
  readonly #objects: DurableObjectNamespace<GenerationObject<Env>>;

  constructor(objects: DurableObjectNamespace<GenerationObject<Env>>) {
    this.#objects = objects;
  }

  /**
   * Starts a plan under a fresh id.
   * @param madeMs when the id was made; more than a minute ago is refused.
   */
  async start(id: string, madeMs: number, plan: Plan, hangUp: HangUp): Promise<"started" | Refused> {
    if (Date.now() - madeMs > START_WITHIN_MS) return "expired";
    return this.#object(id).start(id, await digestOf(plan), plan, hangUp);
  }

  async describe(id: string): Promise<GenerationRecord | "unknown"> {
    return this.#object(id).describe();
  }

  /** Follows a generation from after event `after`. */
  async follow(id: string, after: number): Promise<Followed | Refused> {
    const attached = await this.#object(id).attach(after);
    if (typeof attached === "string") return attached;
    return { record: attached.record, lines: this.#lines(id, after, attached.lines) };
  }

  /** Lines across breaks of the stream: an object that died wakes and goes on, so we listen again. */
  async *#lines(id: string, after: number, first: ReadableStream<Uint8Array>): AsyncGenerator<Line, void> {
    let stream: ReadableStream<Uint8Array> | null = first;
    let known = after;
    for (let tries = 0; ; tries++) {
      try {
        stream ??= await this.#again(id, known);
        for await (const line of parseLines(stream)) {
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
  }

  async #again(id: string, after: number): Promise<ReadableStream<Uint8Array>> {
    const attached = await this.#object(id).attach(after);
    if (typeof attached === "string") throw new Error(`generation ${id}: ${attached}`);
    return attached.lines;
  }

  #object(id: string) {
    return this.#objects.get(this.#objects.idFromName(id));
  }
}

async function* parseLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<Line, void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as Line;
  }
}

/** SHA-256 of the plan: a start is idempotent by (id, digest). */
async function digestOf(plan: Plan): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(plan));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
