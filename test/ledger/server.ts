/** The Worker in its real processes, killed and started again on the same state. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtIn } from "../../scripts/built-in.ts";
import { localSecret } from "../../scripts/local-variables.ts";
import { migrate } from "../../scripts/migrate.ts";
import { type Operator, operatorOf } from "../../scripts/operator.ts";
import { freePort, isFree } from "../../scripts/port.ts";
import { endWorker, killWorker, startWorker, type WorkerProcess } from "../../scripts/worker-process.ts";
import { ofOneClass } from "../of-one-class.ts";
import type { Kill } from "./audit-absent.ts";
import type { NoiseEndpoint } from "./endpoint.ts";

/** So many times faster the waits of minutes pass: a hold expires in 15 s, nobody is waited for longer than 10 s. */
const HASTE = 60;

export class Server {
  readonly url: string;
  readonly folder: string;
  readonly operator: Operator;
  /** What the Worker wrote, the newest lines. */
  readonly said: string[] = [];
  readonly kills: Kill[] = [];
  readonly #port: number;
  readonly #endpoint: NoiseEndpoint;
  #worker: WorkerProcess | null = null;
  #up = Promise.withResolvers<void>();
  #isUp = false;

  private constructor(port: number, folder: string, endpoint: NoiseEndpoint) {
    this.url = `http://localhost:${port}`;
    this.folder = folder;
    this.operator = operatorOf(this.url, localSecret(folder, "ADMIN_SECRET"));
    this.#port = port;
    this.#endpoint = endpoint;
    process.once("exit", this.#abandon);
  }

  /** A server on a folder of its own that is not started yet. */
  static async make(endpoint: NoiseEndpoint): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), "vpg-ledger-"));
    await migrate(folder);
    return new Server(await freePort(), folder, endpoint);
  }

  /** Resolves once it answers, or answers again. */
  get up(): Promise<void> {
    return this.#up.promise;
  }

  /** @throws Error where it was killed before it answered. */
  async start(): Promise<void> {
    this.#worker = startWorker({
      port: this.#port,
      folder: this.folder,
      providers: builtIn(ofOneClass(this.#endpoint.url, this.#endpoint.numerics)),
      variables: { VPG_HASTE: `${HASTE}` },
      log: (line) => {
        this.said.push(line);
        if (this.said.length > 20_000) this.said.shift();
      },
    });
    await this.#worker.ready;
    this.#isUp = true;
    this.#up.resolve();
  }

  /** Ends wrangler and workerd, all at once and without warning. */
  async kill(): Promise<void> {
    if (this.#isUp) this.#up = Promise.withResolvers<void>();
    this.#isUp = false;
    const beforeMs = Date.now();
    await killWorker(this.#worker!);
    while (!(await isFree(this.#port))) await new Promise((resolve) => setTimeout(resolve, 20));
    this.kills.push({ beforeMs, afterMs: Date.now() });
  }

  /** Kills it and clears its folder. */
  async remove(): Promise<void> {
    process.off("exit", this.#abandon);
    if (this.#worker?.child.exitCode === null) await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Nothing of it outlives the run, however that ends. */
  readonly #abandon = () => {
    if (this.#worker) endWorker(this.#worker, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  };
}
