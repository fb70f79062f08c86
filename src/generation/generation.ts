/** One generation is one Durable Object: run, resume on alarm, stop when nobody listens, publish. */
import { DurableObject } from "cloudflare:workers";
import { Fault } from "../../adapters/fault.ts";
import { generate, type StepRecord } from "../engine/generate.ts";
import type { StepTokens } from "../engine/prefix.ts";
import type { HoldState } from "../metering/hold.ts";
import type { Plan } from "../plan/plan.ts";
import { Agenda } from "./agenda.ts";
import { Audience } from "./audience.ts";
import type { FailureReason, GenerationEvent } from "./events.ts";
import { expire } from "./expiry.ts";
import { type Head, isLive, Journal, type Terms } from "./journal.ts";
import type { Hears } from "./listener.ts";
import { Outputs } from "./outputs.ts";
import type { Beginning, Following, GenerationPorts, Refused } from "./ports.ts";
import { describe, type GenerationRecord, summarize } from "./record.ts";
import { sourceOfRun } from "./routing.ts";
import { Settlement } from "./settlement.ts";
import { ALARM_RUN_MS, MAX_WAKES, RESUMABLE_MS, WATCH_MS, WRITE_AFTER_MS } from "./times.ts";

/** Why a run was told to end before its time. */
type Interruption = "hung up" | "hand over" | "cancelled";

/** Wired with its ports in worker.ts. Every method may be called any number of times. */
export abstract class GenerationObject<Env> extends DurableObject<Env> {
  readonly #ports: GenerationPorts;
  readonly #journal: Journal;
  readonly #agenda: Agenda;
  readonly #audience: Audience;
  readonly #settlement: Settlement;
  #running: Promise<void> | null = null;
  /** Until somebody has come, it may be that whoever listened was cut off with the object's last life. */
  #isFresh = true;
  /** The last run ended because a caller left or we handed over: waking again is no failure of ours. */
  #isExcused = false;
  #interrupt: ((why: Interruption) => void) | null = null;
  #handOverAt = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env, ports: GenerationPorts) {
    super(ctx, env);
    this.#ports = ports;
    this.#journal = new Journal(ctx.storage.sql);
    this.#agenda = new Agenda(ctx.storage);
    this.#audience = new Audience(() => this.#deserted());
    this.#settlement = new Settlement(this.#journal, this.#agenda, ports);
  }

  /** Starts this very plan, once; again with the same digest joins it. Writes nothing where it is refused. */
  async start(id: string, digest: string, plan: Plan, terms: Terms): Promise<"started" | Refused> {
    const head = this.#journal.head();
    if (head && head.terms.account !== terms.account) return "unknown";
    if (head) return head.digest === digest ? "started" : "mismatch";
    if (this.#journal.isVoid) return "void";
    this.#journal.create(id, digest, plan, terms, Date.now());
    this.#isFresh = false;
    await this.#agenda.plan("watch", Date.now() + WATCH_MS);
    this.#run();
    return "started";
  }

  /** Starts it and attaches its first listener, in one call. */
  async begin({ id, digest, plan, terms, name, hears }: Beginning): Promise<Following> {
    const started = await this.start(id, digest, plan, terms);
    return started === "started" ? this.attach(terms.account, name, 0, hears) : started;
  }

  /** The record and the lines after event `after`, for a listener to leave under `name`; takes up what had stopped. */
  async attach(account: string, name: string, after: number, hears: Hears = "all"): Promise<Following> {
    const head = this.#headOf(account);
    if (!head) return "unknown";
    if (head.status === "expired") return "expired";
    await this.#attend(head);
    const media = (imageIndex: number) => this.#outputs(head).get(imageIndex);
    const listener = this.#audience.join(name, this.#journal.eventsAfter(after), media, hears);
    // It may have stopped just now, since `head` was read.
    if (this.#journal.head()!.status === "stopped") {
      this.#agenda.drop("abandon");
      this.#isExcused = true;
      this.#journal.setStatus("running", null, null);
      await this.#agenda.plan("watch", Date.now() + WATCH_MS);
    }
    if (this.#isRunning()) this.#run();
    else this.#audience.dismiss();
    return { record: this.#record(), lines: listener.stream };
  }

  /** A listener says that it is gone, sooner than a write to it would fail. */
  async leave(name: string): Promise<void> {
    this.#audience.leave(name);
  }

  /** The record as it stands; who asks for it has come back. */
  async describe(account: string): Promise<GenerationRecord | "unknown"> {
    const head = this.#headOf(account);
    if (!head) return "unknown";
    await this.#attend(head);
    return this.#record();
  }

  /** Whether somebody listens. */
  async isAttended(): Promise<boolean> {
    return !this.#audience.isEmpty;
  }

  /** Stops it for good; the committed steps are charged. What has ended stays as it is. */
  async cancel(account: string): Promise<GenerationRecord | "unknown"> {
    const head = this.#headOf(account);
    if (!head) return "unknown";
    await this.#attend(head);
    while (this.#running) {
      this.#interrupt?.("cancelled");
      await this.#running;
    }
    // A hang-up or hand-over of the same moment may have ended the run first, and left it resumable.
    if (isLive(this.#journal.head()!)) await this.#fail("cancelled");
    return this.#record();
  }

  /** Deletes prompt, tokens and outputs now; what still runs cannot be deleted. */
  async forget(account: string): Promise<"deleted" | "running" | "unknown"> {
    const head = this.#headOf(account);
    if (!head) return "unknown";
    if (isLive(head)) return "running";
    await this.#attend(head);
    if (this.#agenda.has("settle")) await this.#settlement.tell();
    await this.#expire();
    return "deleted";
  }

  /** What the ledger asks about a hold that has expired: where nothing was started, nothing will be. */
  async holdState(): Promise<HoldState> {
    if (this.#journal.head()) return this.#settlement.state();
    this.#journal.makeVoid();
    return { kind: "void" };
  }

  /** Serves the agenda: what is due, earliest first. */
  override async alarm(): Promise<void> {
    const next = () => this.#agenda.due(Date.now());
    for (let due = next(); due; due = next()) {
      if (due === "watch") await this.#watch();
      if (due === "abandon") {
        this.#agenda.drop("abandon");
        if (this.#journal.head()?.status === "stopped") await this.#fail("cancelled");
      }
      if (due === "settle") await this.#settlement.tell();
      if (due === "expire") await this.#expire();
    }
    await this.#agenda.setAlarm();
  }

  async #watch(): Promise<void> {
    if (!this.#isRunning()) return this.#agenda.drop("watch");
    await this.#agenda.plan("watch", Date.now() + WATCH_MS);
    if (this.#isFresh && this.#audience.isEmpty) this.#journal.setAttended(false);
    this.#isFresh = false;
    if (!this.#running) {
      if (!this.#isExcused && this.#journal.countWake() > MAX_WAKES) return this.#fail("endpoint_failed");
      this.#isExcused = false;
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
    // Of a run that is over, pictures drawn beside the one that failed may still have something to say.
    const announce = (event: GenerationEvent, media: Uint8Array | null = null) =>
      this.#journal.head()!.epoch === epoch && this.#isRunning() && this.#announce(event, media);
    try {
      const { media, decodeMs } = await generate(
        { id: head.id, plan, committed: this.#journal.committed(plan.pictures.length) },
        {
          source: sourceOfRun(this.#ports, plan, this.#journal.rows(), announce),
          kernel: this.#ports.kernel,
          now: () => performance.now(),
          later: () => new Promise((resolve) => setTimeout(resolve, WRITE_AFTER_MS)),
          commit: (step, tokens, record) => this.#commit(epoch, step, tokens, record),
          preview: (index, step, media) =>
            void media.map((one, imageIndex) => announce({ type: "preview", imageIndex, index, step }, one)),
        },
        controller.signal,
      );
      await this.#publish(head, media, decodeMs);
    } catch (error) {
      const why = controller.signal.aborted ? (controller.signal.reason as Interruption) : null;
      controller.abort();
      await this.#ended(error, why);
    }
  }

  #commit(epoch: number, step: number, tokens: StepTokens, record: StepRecord): void {
    this.#journal.commit(epoch, step, tokens, record, Date.now());
    this.#audience.tell({ comment: `step ${step}` });
    if (Date.now() > this.#handOverAt && this.#audience.isEmpty) this.#interrupt?.("hand over");
  }

  async #publish(head: Head, media: readonly Uint8Array[], decodeMs: number): Promise<void> {
    this.#journal.setOutputs(await this.#outputs(head).put(media, head.plan.format));
    const { numerics, timing } = summarize(this.#journal.rows(), decodeMs, Date.now() - head.createdMs);
    for (const [imageIndex, picture] of media.entries()) {
      this.#announce({ type: "completed", imageIndex, numerics, timing }, picture);
    }
    await this.#finish("completed", null);
  }

  /** A run ended without pictures: because we said so, or because something failed. */
  async #ended(error: unknown, why: Interruption | null): Promise<void> {
    if (why === "cancelled") return this.#fail("cancelled");
    if (why === "hung up" && this.#audience.isEmpty) return this.#stop();
    this.#isExcused = why !== null;
    if (why) return this.#agenda.plan("watch", Date.now());
    const head = this.#journal.head()!;
    console.error(`${head.id} run ${head.epoch}: ${error instanceof Error ? error.message : String(error)}`);
    const hopeless = error instanceof Fault && error.fault.kind === "rejected";
    if (hopeless || head.wakes >= MAX_WAKES) return this.#fail("endpoint_failed");
    await this.#agenda.plan("watch", Date.now() + 1_000 * 2 ** head.wakes);
  }

  async #fail(reason: FailureReason): Promise<void> {
    const images = this.#journal.head()!.plan.pictures.map((_, imageIndex) => imageIndex);
    for (const imageIndex of images) this.#announce({ type: "picture_failed", imageIndex, reason });
    this.#announce({ type: "failed", images, reason });
    await this.#finish(reason === "cancelled" ? "cancelled" : "failed", reason);
  }

  async #finish(status: "completed" | "failed" | "cancelled", failure: FailureReason | null): Promise<void> {
    const now = Date.now();
    this.#journal.setStatus(status, failure, now);
    this.#agenda.drop("watch", "abandon");
    this.#agenda.note("expire", now + this.#ports.keepMs);
    this.#agenda.note("settle", now);
    this.#audience.dismiss();
    await this.#settlement.tell();
    await this.#agenda.setAlarm();
  }

  /** Somebody is there: what was finished for nobody is theirs, and charged. */
  async #attend({ attended }: Head): Promise<void> {
    this.#isFresh = false;
    if (!attended) await this.#settlement.attend();
  }

  #announce(event: GenerationEvent, media: Uint8Array | null = null): void {
    this.#audience.tell({ id: this.#journal.log(event), event, media: () => media });
  }

  /** The last listener hung up: stop within a step, or go on inside an alarm. */
  #deserted(): void {
    const head = this.#journal.head();
    if (head?.status !== "running") return;
    if (head.terms.hangUp === "finish") this.ctx.waitUntil(this.#agenda.plan("watch", Date.now()));
    else if (this.#interrupt) this.#interrupt("hung up");
    else this.ctx.waitUntil(this.#stop());
  }

  /** Rests until someone listens again, or a minute is over. */
  async #stop(): Promise<void> {
    this.#journal.setStatus("stopped", null, null);
    this.#agenda.drop("watch");
    await this.#agenda.plan("abandon", Date.now() + RESUMABLE_MS / this.#ports.haste);
  }

  #expire(): Promise<void> {
    return expire(this.#journal, this.#agenda, this.#outputs(this.#journal.head()!));
  }

  #record(): GenerationRecord {
    return describe(this.#journal.head()!, this.#journal.rows());
  }

  /** Another account's generation is as good as none. */
  #headOf(account: string): Head | null {
    const head = this.#journal.head();
    return head?.terms.account === account ? head : null;
  }

  readonly #isRunning = () => this.#journal.head()?.status === "running";

  #outputs(head: Head): Outputs {
    return new Outputs(this.#ports.outputs, head.id);
  }
}
