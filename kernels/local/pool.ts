/** Threads that run the network, and the queue before them: first come, first served; what is cancelled never runs. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Model } from "./model.ts";
import type { DecodeInput, Pixels, StepInput, StepOutput } from "./network.ts";
import type { Call, Reply } from "./network-thread.ts";

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
  readonly #threads: readonly Worker[];
  readonly #idle: Worker[];
  readonly #waiting: Job[] = [];
  readonly #running = new Map<Worker, Job>();
  #broken: Error | undefined;

  private constructor(threads: readonly Worker[]) {
    this.#threads = threads;
    this.#idle = [...threads];
    for (const thread of threads) {
      thread.on("message", (reply: Reply) => this.#finish(thread, reply));
      thread.on("error", (error) => this.#break(error));
      thread.on("exit", () => this.#break(new Error("a network thread ended")));
    }
  }

  /**
   * @param model what to run
   * @param count threads, each with the weights in memory
   * @returns a pool whose threads are ready
   * @throws when a thread cannot load the model
   */
  static async open(model: Model, count: number): Promise<Pool> {
    const entry = new URL("./network-thread.ts", import.meta.url);
    const threads = Array.from({ length: count }, () => new Worker(entry, { workerData: model }));
    try {
      await Promise.all(threads.map((thread) => once(thread, "message")));
    } catch (error) {
      await Promise.all(threads.map((thread) => thread.terminate()));
      throw error;
    }
    return new Pool(threads);
  }

  /** Whether it can run anything. */
  get ready(): boolean {
    return this.#broken === undefined;
  }

  /** @throws the signal's reason when it is aborted before the run starts */
  step(input: StepInput, signal: AbortSignal): Promise<Timed<StepOutput>> {
    return this.#enqueue({ kind: "step", input }, signal) as Promise<Timed<StepOutput>>;
  }

  /** @throws the signal's reason when it is aborted before the run starts */
  decode(input: DecodeInput, signal: AbortSignal): Promise<Timed<Pixels>> {
    return this.#enqueue({ kind: "decode", input }, signal) as Promise<Timed<Pixels>>;
  }

  /** Ends the threads; what waits or runs fails. */
  async close(): Promise<void> {
    this.#break(new Error("the endpoint is closed"));
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
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
        const thread = this.#idle.pop()!;
        this.#running.set(thread, job);
        thread.postMessage(job.call);
      }
    }
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
