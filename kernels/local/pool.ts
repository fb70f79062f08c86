/** Threads that run the models, and the queue before them: first come, first served; what is cancelled never runs. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Model } from "./model.ts";
import type { DecodeInput, Pixels, StepInput, StepOutput } from "./network.ts";
import type { Call, Reply, Setup } from "./network-thread.ts";

/** An output and the milliseconds its run took. */
interface Timed<T> {
  readonly output: T;
  readonly ms: number;
}

interface Job {
  readonly call: Call;
  readonly signal: AbortSignal;
  readonly done: (reply: Timed<StepOutput | Pixels>) => void;
  readonly failed: (reason: unknown) => void;
}

export class Pool {
  /** Threads, and the models that each has in memory, or is loading. */
  readonly #threads: ReadonlyMap<Worker, Set<string>>;
  readonly #idle: Worker[];
  readonly #waiting: Job[] = [];
  readonly #running = new Map<Worker, Job>();
  #broken: Error | undefined;

  private constructor(threads: ReadonlyMap<Worker, Set<string>>) {
    this.#threads = threads;
    this.#idle = [...threads.keys()];
    for (const thread of threads.keys()) {
      thread.on("message", (reply: Reply) => this.#finish(thread, reply));
      thread.on("error", (error) => this.#break(error));
      thread.on("exit", () => this.#break(new Error("a network thread ended")));
    }
  }

  /**
   * Deals the models out: each is in one thread's memory before it is ready, and a thread loads another when it is first
   * asked for it, so that what nobody uses is there once.
   *
   * @param models what to run; a single one is in every thread
   * @param count threads
   * @returns a pool whose threads are ready
   * @throws when a thread cannot load a model
   */
  static async open(models: readonly Model[], count: number): Promise<Pool> {
    const entry = new URL("./network-thread.ts", import.meta.url);
    const hands = dealt(models, count);
    const threads = new Map(
      hands.map((hand) => {
        const first = hand.map(({ id }) => id);
        return [new Worker(entry, { workerData: { models, first } satisfies Setup }), new Set(first)];
      }),
    );
    try {
      await Promise.all(Array.from(threads.keys(), (thread) => once(thread, "message")));
    } catch (error) {
      await Promise.all(Array.from(threads.keys(), (thread) => thread.terminate()));
      throw error;
    }
    return new Pool(threads);
  }

  /** Whether it can run anything. */
  get ready(): boolean {
    return this.#broken === undefined;
  }

  /** @throws the signal's reason when it is aborted before the run starts */
  step({ id: model }: Model, input: StepInput, signal: AbortSignal): Promise<Timed<StepOutput>> {
    return this.#enqueue({ kind: "step", model, input }, signal) as Promise<Timed<StepOutput>>;
  }

  /** @throws the signal's reason when it is aborted before the run starts */
  decode({ id: model }: Model, input: DecodeInput, signal: AbortSignal): Promise<Timed<Pixels>> {
    return this.#enqueue({ kind: "decode", model, input }, signal) as Promise<Timed<Pixels>>;
  }

  /** Ends the threads; what waits or runs fails. */
  async close(): Promise<void> {
    this.#break(new Error("the endpoint is closed"));
    await Promise.all(Array.from(this.#threads.keys(), (thread) => thread.terminate()));
  }

  #enqueue(call: Call, signal: AbortSignal): Promise<Timed<StepOutput | Pixels>> {
    return new Promise((done, failed) => {
      this.#waiting.push({ call, signal, done, failed });
      this.#start();
    });
  }

  #start(): void {
    while (this.#waiting.length > 0 && (this.#idle.length > 0 || this.#broken !== undefined)) {
      const job = this.#waiting.shift()!;
      if (this.#broken !== undefined) job.failed(this.#broken);
      else if (job.signal.aborted) job.failed(job.signal.reason);
      else {
        const thread = this.#take(job.call.model);
        this.#running.set(thread, job);
        thread.postMessage(job.call);
      }
    }
  }

  /** An idle thread, of those that have the model one that was idle last. */
  #take(model: string): Worker {
    const at = this.#idle.findLastIndex((thread) => this.#threads.get(thread)!.has(model));
    const thread = this.#idle.splice(at < 0 ? -1 : at, 1)[0]!;
    this.#threads.get(thread)!.add(model);
    return thread;
  }

  #finish(thread: Worker, reply: Reply): void {
    const job = this.#running.get(thread);
    this.#running.delete(thread);
    this.#idle.push(thread);
    if ("failure" in reply) job?.failed(new Error(reply.failure));
    else job?.done(reply);
    this.#start();
  }

  #break(error: Error): void {
    this.#broken ??= error;
    for (const job of this.#running.values()) job.failed(this.#broken);
    this.#running.clear();
    this.#start();
  }
}

/** To each thread what it loads before it is ready: every model to one of them, and to each thread at least one. */
function dealt(models: readonly Model[], count: number): Model[][] {
  const hands = Array.from({ length: count }, (): Model[] => []);
  for (let i = 0; i < Math.max(models.length, count); i++) {
    hands[i % count]!.push(models[i % models.length]!);
  }
  return hands;
}
