/** A generation object as the lifecycle wants it, without its storage: runs, journal, wakes, one end, one settlement. */
import type { StepSource } from "../../adapters/contract.ts";
import { Fault } from "../../adapters/fault.ts";
import type { StepRecord } from "../../src/engine/generate.ts";
import type { StepTokens } from "../../src/engine/prefix.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { chargeOf, totalOf } from "../../src/plan/price.ts";
import type { Books } from "./books.ts";
import type { Clock } from "./clock.ts";
import { draw } from "./drawing.ts";
import { type Presence, within } from "./presence.ts";

export type End = "completed" | "failed" | "cancelled";

interface Row {
  readonly tokens: StepTokens;
  readonly record: StepRecord;
}

export interface GenerationOptions {
  readonly id: string;
  readonly plan: Plan;
  readonly clock: Clock;
  readonly books: Books;
  /**
   * @param homeClass that of the last step in the journal, as the product has it
   * @param moved told of each step that goes on elsewhere
   * @returns the source of one run
   */
  sourceFor(homeClass: string | null, moved: () => void): StepSource;
}

/** Wakes without a newly committed step, after which it has failed through us. */
const mostWakes = 3;

/** An object that is lost is woken by its alarm after so long. */
const alarmMs = 500;

/** A run whose object has been lost finds out when it writes. */
class Stale extends Error {}

export class Generation {
  readonly options: GenerationOptions;
  readonly journal: Row[] = [];
  readonly ends: End[] = [];
  /** All that a listener is told, in order. */
  readonly events: string[] = [];
  media: readonly Uint8Array[] = [];
  /** The fault of each run that ended with one. */
  readonly failedRuns: string[] = [];
  endedAt = 0;
  #epoch = 0;
  #wakes = 0;
  /** Of the run that is under way. */
  #presence: Presence = { isGone: false };
  readonly #caller = new AbortController();

  constructor(options: GenerationOptions) {
    this.options = options;
    options.books.reserve(options.id, totalOf(options.plan));
    this.#begin();
  }

  /** The caller goes away. */
  cancel(): void {
    this.#caller.abort();
  }

  /**
   * Its object is lost, and woken later.
   *
   * @param how whether its run is heard of no more, or goes on without knowing
   */
  lose(how: "vanishes" | "goes on"): void {
    if (this.ends.length > 0) return;
    this.#epoch++;
    if (how === "vanishes") this.#presence.isGone = true;
    void this.options.clock.sleep(alarmMs).then(() => this.#begin());
  }

  #begin(): void {
    this.#presence = { isGone: false };
    void within(this.#presence, () => this.#run());
  }

  async #run(): Promise<void> {
    const epoch = this.#epoch;
    const { id, plan, clock } = this.options;
    const homeClass = this.journal.at(-1)?.record.stats[0]?.numerics ?? null;
    const source = this.options.sourceFor(homeClass, () => this.#tell(epoch, "failover"));
    const before = this.journal.length;
    // What is drawn beside the picture that fails is given up with it, as the product does.
    const failed = new AbortController();
    try {
      if (this.#caller.signal.aborted) return this.#end(epoch, "cancelled");
      const { media } = await draw(plan, source, clock, {
        id,
        committed: this.journal.map(({ tokens }) => tokens),
        signal: AbortSignal.any([this.#caller.signal, failed.signal]),
        onCommit: (step, tokens, record) => this.#write(epoch, step, { tokens, record }),
      });
      this.#end(epoch, "completed", media);
    } catch (error) {
      failed.abort();
      if (error instanceof Stale || epoch !== this.#epoch) return;
      if (this.#caller.signal.aborted) return this.#end(epoch, "cancelled");
      this.failedRuns.push(error instanceof Fault ? error.fault.kind : String(error));
      this.#wakes = this.journal.length > before ? 1 : this.#wakes + 1;
      if (this.#wakes >= mostWakes) return this.#end(epoch, "failed");
      await clock.sleep(1_000 * this.#wakes);
      if (epoch === this.#epoch) await this.#run();
    }
  }

  #write(epoch: number, step: number, row: Row): void {
    if (epoch !== this.#epoch || step !== this.journal.length) throw new Stale();
    this.journal.push(row);
    this.#tell(epoch, "step");
  }

  /** Of a run that is over nothing more is told, as the product does. */
  #tell(epoch: number, event: string): void {
    if (epoch === this.#epoch) this.events.push(event);
  }

  #end(epoch: number, end: End, media: readonly Uint8Array[] = []): void {
    if (epoch !== this.#epoch) return;
    const { id, plan, books, clock } = this.options;
    this.ends.push(end);
    this.events.push(end);
    this.media = media;
    this.endedAt = clock.now();
    if (end === "failed") books.release(id);
    else books.settle(id, chargeOf(plan, this.journal.length));
    this.#epoch++;
  }
}
