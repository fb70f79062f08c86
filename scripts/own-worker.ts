/** A Worker with a state of its own, which goes when it ends: for whoever asks one and needs none of it afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { developmentKey } from "./development-key.ts";
import { migrate } from "./migrate.ts";
import { freePort } from "./port.ts";
import { buildWorker, endWorker, killWorker, startWorker, type WorkerProcess } from "./worker-process.ts";

/** A script that cannot be built leaves wrangler waiting for a better one. */
const STARTS_WITHIN_MS = 120_000;

export interface OwnWorker {
  readonly url: string;
  /** Of an account that lacks nothing. */
  readonly key: string;
  /** Where its state and its secrets are. */
  readonly folder: string;
  /** Ends it, with all that it kept. */
  close(): Promise<void>;
}

interface OwnWorkerOptions {
  /** Runs as it is deployed and never starts again, whatever changes in the folders that it is made of. */
  readonly isBuilt?: boolean;
  /** What it logs, line by line. */
  readonly log?: (line: string) => void;
}

/**
 * @param providers a provider config (docs/providers.md), which may still be on its way.
 * @throws Error with the Worker's last words where it does not start.
 */
export async function startOwnWorker(
  providers: object | Promise<object>,
  { isBuilt = false, log = () => undefined }: OwnWorkerOptions = {},
): Promise<OwnWorker> {
  const folder = mkdtempSync(join(tmpdir(), "vpg-worker-"));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  let worker: WorkerProcess | null = null;
  // Nothing of it outlives us, however we end.
  const abandon = () => {
    if (worker) endWorker(worker, "SIGKILL");
    remove();
  };
  process.once("exit", abandon);
  const close = async () => {
    process.off("exit", abandon);
    if (worker) await killWorker(worker);
    remove();
  };
  const said: string[] = [];
  try {
    const [port, config] = await Promise.all([freePort(), providers, migrate(folder)]);
    const built = isBuilt ? await buildWorker(`${folder}/built`) : undefined;
    worker = startWorker({
      ...{ port, folder, providers: config, ...(built !== undefined && { built }) },
      log: (line) => {
        said.push(line);
        if (said.length > 20) said.shift();
        log(line);
      },
    });
    const late = pause(STARTS_WITHIN_MS, null, { ref: false }).then(() => {
      throw new Error(`it is not ready after ${STARTS_WITHIN_MS} ms`);
    });
    await Promise.race([worker.ready, late]);
    const url = `http://localhost:${port}`;
    return { url, key: await developmentKey(url, folder), folder, close };
  } catch (error) {
    await close();
    throw new Error(`the Worker did not start:\n${said.join("\n")}`, { cause: error });
  }
}
