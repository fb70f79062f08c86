/** One generation is one Durable Object: run, resume on alarm, stop when nobody listens, publish. */
import { DurableObject } from "cloudflare:workers";
import type { StepSource } from "../../adapters/contract.ts";
import { Fault } from "../../adapters/fault.ts";
import type { Kernel } from "../../kernels/edge/index.ts";
import { generate, type StepRecord } from "../engine/generate.ts";
import type { StepTokens } from "../engine/prefix.ts";
import type { Plan } from "../plan/plan.ts";
import { Audience } from "./audience.ts";
import type { FailureReason, GenerationEvent } from "./events.ts";
import { type AgendaItem, type HangUp, type Head, Journal } from "./journal.ts";
import { Outputs } from "./outputs.ts";
import { describe, type GenerationRecord, summarize } from "./record.ts";

export interface GenerationPorts {
  readonly source: StepSource;
  readonly kernel: Kernel;
  readonly outputs: R2Bucket;
}

/** What starting or attaching to a generation can come to. */
export type Refused = "mismatch" | "unknown" | "expired";
export type Attached = { readonly record: GenerationRecord; readonly lines: ReadableStream<Uint8Array> };

/** A running generation is looked after this often; so a dead one wakes within it. */
const WATCH_MS = 5_000;
/** A stopped generation can be taken up again this long. */
const RESUMABLE_MS = 60_000;
/** One alarm runs at most this long before it hands over to the next. */
const ALARM_RUN_MS = 10 * 60_000;
const KEPT_MS = 24 * 60 * 60_000;
/** Wakes without a newly committed step after which it has failed through us. */
const MAX_WAKES = 3;

/** Why a run was told to end before its time. */
type Interruption = "hung up" | "hand over";

/** Wired with its ports in worker.ts. Every method may be called any number of times. */
export abstract class GenerationObject<Env> extends DurableObject<Env> {
  readonly #ports: GenerationPorts;
  readonly #journal: Journal;
  readonly #audience: Audience;
  #running: Promise<void> | null = null;
  #interrupt: ((why: Interruption) => void) | null = null;
  #handOverAt = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env, ports: GenerationPorts) {
    super(ctx, env);
    this.#ports = ports;
    this.#journal = new Journal(ctx.storage.sql);
    this.#audience = new Audience(() => this.#deserted());
  }

  /** Starts this very plan, once; again with the same digest joins it. Writes nothing where it is refused. */
  async start(id: string, digest: string, plan: Plan, hangUp: HangUp): Promise<"started" | Refused> {
    const head = this.#journal.head();
    if (head) return head.digest === digest ? "started" : "mismatch";
    this.#journal.create(id, digest, plan, hangUp, Date.now());
    await this.#plan("watch", Date.now() + WATCH_MS);
    this.#run();
    return "started";
  }

  /**
   * The record and the lines after event `after`; takes up a generation that had stopped.
   * @param name chosen by the listener, to leave under.
   */
  async attach(name: string, after: number): Promise<Attached | Refused> {
    const head = this.#journal.head();
    if (!head) return "unknown";
    if (head.status === "expired") return "expired";
    const outputs = this.#outputs(head);
    const past = this.#journal.eventsAfter(after).map(({ id, event }) => ({
      id,
      event,
      media: () => (event.type === "completed" ? outputs.get(event.imageIndex) : null),
    }));
    const listener = this.#audience.join(name, past);
    if (head.status === "stopped") {
      this.#journal.unschedule("abandon");
      this.#journal.setStatus("running", null, null);
      await this.#plan("watch", Date.now() + WATCH_MS);
    }
    if (this.#isRunning()) this.#run();
    else this.#audience.dismiss();
    return { record: this.#record(), lines: listener.stream };
  }

  /** A listener says that it is gone, sooner than a write to it would fail. */
  async leave(name: string): Promise<void> {
    this.#audience.leave(name);
  }

  /** The record as it stands. */
  async describe(): Promise<GenerationRecord | "unknown"> {
    return this.#journal.head() ? this.#record() : "unknown";
  }

  /** Serves the agenda: what is due, earliest first. */
  override async alarm(): Promise<void> {
    for (let due = this.#due(); due; due = this.#due()) {
      if (due === "watch") await this.#watch();
      if (due === "abandon") await this.#abandon();
      if (due === "expire") await this.#expire();
    }
    await this.#setAlarm();
  }

  #due(): AgendaItem | null {
    const next = this.#journal.agenda()[0];
    return next && next.dueMs <= Date.now() ? next.item : null;
  }

  async #watch(): Promise<void> {
    if (!this.#isRunning()) return this.#journal.unschedule("watch");
    await this.#plan("watch", Date.now() + WATCH_MS);
    if (!this.#running) {
      if (this.#journal.countWake() > MAX_WAKES) return this.#fail("endpoint_failed");
      this.#run();
    }
    if (this.#audience.isEmpty) {
      this.#handOverAt = Date.now() + ALARM_RUN_MS;
      await this.#running;
      this.#handOverAt = Number.POSITIVE_INFINITY;
    }
  }

  /** The one runner: asked again while it runs, it goes on undisturbed. */
  #run(): void {
    this.#running ??= this.#attempt().finally(() => {
      this.#running = null;
      this.#interrupt = null;
    });
  }

  async #attempt(): Promise<void> {
    const head = this.#journal.head()!;
    const { plan } = head;
    const epoch = this.#journal.beginEpoch();
    const controller = new AbortController();
    this.#interrupt = (why) => controller.abort(why);
    const committed = this.#journal.committed(plan.pictures.length);
    try {
      const { media, decodeMs } = await generate(
        { id: head.id, plan, committed },
        {
          source: this.#ports.source,
          kernel: this.#ports.kernel,
          now: () => performance.now(),
          commit: (step, tokens, record) => this.#commit(epoch, step, tokens, record),
          preview: (index, step, pictures) => this.#preview(index, step, pictures),
        },
        controller.signal,
      );
      await this.#publish(head, media, decodeMs);
    } catch (error) {
      await this.#ended(error, controller.signal.aborted ? (controller.signal.reason as Interruption) : null);
    }
  }

  #commit(epoch: number, step: number, tokens: StepTokens, record: StepRecord): void {
    this.#journal.commit(epoch, step, tokens, record, Date.now());
    this.#audience.tell({ comment: `step ${step}` });
    if (Date.now() > this.#handOverAt && this.#audience.isEmpty) this.#interrupt?.("hand over");
  }

  #preview(index: number, step: number, media: readonly Uint8Array[]): void {
    for (const [imageIndex, picture] of media.entries()) {
      this.#announce({ type: "preview", imageIndex, index, step }, picture);
    }
  }

  async #publish(head: Head, media: readonly Uint8Array[], decodeMs: number): Promise<void> {
    const outputs = this.#outputs(head);
    await Promise.all(media.map((picture, imageIndex) => outputs.put(imageIndex, picture)));
    const { numerics, timing } = summarize(this.#journal.rows(), decodeMs, Date.now() - head.createdMs);
    for (const [imageIndex, picture] of media.entries()) {
      this.#announce({ type: "completed", imageIndex, numerics, timing }, picture);
    }
    this.#finish("completed", null);
    await this.#plan("expire", Date.now() + KEPT_MS);
  }

  /** A run ended without pictures: because we said so, or because something failed. */
  async #ended(error: unknown, why: Interruption | null): Promise<void> {
    if (why === "hung up" && this.#audience.isEmpty) return this.#stop();
    if (why) return this.#plan("watch", Date.now());
    const head = this.#journal.head()!;
    console.error(`${head.id} run ${head.epoch}: ${error instanceof Error ? error.message : String(error)}`);
    const hopeless = error instanceof Fault && error.fault.kind === "rejected";
    if (hopeless || head.wakes >= MAX_WAKES) return this.#fail("endpoint_failed");
    await this.#plan("watch", Date.now() + 1_000 * 2 ** head.wakes);
  }

  async #abandon(): Promise<void> {
    this.#journal.unschedule("abandon");
    if (this.#journal.head()?.status === "stopped") await this.#fail("cancelled");
  }

  async #fail(reason: FailureReason): Promise<void> {
    const images = this.#journal.head()!.plan.pictures.map((_, imageIndex) => imageIndex);
    for (const imageIndex of images) this.#announce({ type: "picture_failed", imageIndex, reason }, null);
    this.#announce({ type: "failed", images, reason }, null);
    this.#finish(reason === "cancelled" ? "cancelled" : "failed", reason);
    await this.#plan("expire", Date.now() + KEPT_MS);
  }

  #finish(status: "completed" | "failed" | "cancelled", failure: FailureReason | null): void {
    this.#journal.setStatus(status, failure, Date.now());
    this.#journal.unschedule("watch");
    this.#journal.unschedule("abandon");
    this.#audience.dismiss();
  }

  #announce(event: GenerationEvent, media: Uint8Array | null): void {
    this.#audience.tell({ id: this.#journal.log(event), event, media: () => media });
  }

  /** The last listener hung up: stop within a step, or go on inside an alarm. */
  #deserted(): void {
    const head = this.#journal.head();
    if (head?.status !== "running") return;
    if (head.hangUp === "finish") this.ctx.waitUntil(this.#plan("watch", Date.now()));
    else if (this.#interrupt) this.#interrupt("hung up");
    else this.ctx.waitUntil(this.#stop());
  }

  /** Rests until someone listens again, or a minute is over. */
  async #stop(): Promise<void> {
    this.#journal.setStatus("stopped", null, null);
    this.#journal.unschedule("watch");
    await this.#plan("abandon", Date.now() + RESUMABLE_MS);
  }

  async #expire(): Promise<void> {
    const head = this.#journal.head()!;
    await this.#outputs(head).delete(head.plan.pictures.length);
    this.#journal.expire();
    this.#journal.unschedule("expire");
  }

  #record(): GenerationRecord {
    return describe(this.#journal.head()!, this.#journal.rows());
  }

  #isRunning(): boolean {
    return this.#journal.head()?.status === "running";
  }

  #outputs(head: Head): Outputs {
    return new Outputs(this.#ports.outputs, head.id);
  }

  async #plan(item: AgendaItem, dueMs: number): Promise<void> {
    this.#journal.schedule(item, dueMs);
    await this.#setAlarm();
  }

  async #setAlarm(): Promise<void> {
    const next = this.#journal.agenda()[0];
    if (next) await this.ctx.storage.setAlarm(next.dueMs);
  }
}
