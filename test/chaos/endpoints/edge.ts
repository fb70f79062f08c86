/** The Worker in its real processes before given providers, with an account that lacks nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { developmentKey } from "../../../scripts/development-key.ts";
import { localSecret } from "../../../scripts/local-variables.ts";
import { migrate } from "../../../scripts/migrate.ts";
import { type Operator, operatorOf } from "../../../scripts/operator.ts";
import { freePort } from "../../../scripts/port.ts";
import { buildWorker, endWorker, startWorker } from "../../../scripts/worker-process.ts";

/** A script that cannot be built leaves wrangler waiting for a better one. */
const STARTS_WITHIN_MS = 120_000;

export interface Edge {
  readonly url: string;
  readonly key: string;
  readonly account: string;
  readonly operator: Operator;
  close(): Promise<void>;
}

/** @throws Error with the Worker's last words where it does not start. */
export async function startEdge(providers: object): Promise<Edge> {
  const folder = mkdtempSync(join(tmpdir(), "vpg-chaos-"));
  const said: string[] = [];
  await migrate(folder);
  const port = await freePort();
  const built = await buildWorker(`${folder}/built`);
  const worker = startWorker({ port, folder, providers, built, log: (line) => said.push(line) });
  const close = async () => {
    process.off("exit", abandon);
    const { child } = worker;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    endWorker(worker, "SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await gone;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  // Nothing of it outlives the run, however that ends.
  const abandon = () => {
    endWorker(worker, "SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", abandon);
  try {
    const late = pause(STARTS_WITHIN_MS, null, { ref: false }).then(() => {
      throw new Error(`it is not ready after ${STARTS_WITHIN_MS} ms`);
    });
    await Promise.race([worker.ready, late]);
    const url = `http://localhost:${port}`;
    const key = await developmentKey(url, folder);
    const answer = await fetch(`${url}/v1/account`, { headers: { authorization: `Bearer ${key}` } });
    const { id: account } = (await answer.json()) as { id: string };
    return { url, key, account, operator: operatorOf(url, localSecret(folder, "ADMIN_SECRET")), close };
  } catch (error) {
    await close();
    throw new Error(`the Worker did not start:\n${said.slice(-20).join("\n")}`, { cause: error });
  }
}
