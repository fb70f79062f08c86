/** The API that is evaluated, behind the official client: one of our own, started as `npm start` does, or any other. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { startEndpoint } from "../../kernels/local/server.ts";
import { builtIn } from "../built-in.ts";
import { developmentKey } from "../development-key.ts";
import { migrate } from "../migrate.ts";
import { freePort } from "../port.ts";
import { endWorker, startWorker } from "../worker-process.ts";

/** What is read of `GET /v1/models/{id}`. */
export interface ServedModel {
  readonly id: string;
  readonly revision: string;
  readonly classes?: readonly string[];
  readonly max_n: number;
  readonly schedules: readonly { readonly steps: readonly unknown[] }[];
  readonly defaults: { readonly guidance_scale: number; readonly vpg: { readonly scale: number } };
}

export interface Service {
  readonly client: OpenAI;
  model(id: string): Promise<ServedModel>;
  close(): Promise<void>;
}

/** An API that is up. */
export function attach(url: string, key: string): Service {
  const origin = url.replace(/\/(v1\/?)?$/, "");
  const client = new OpenAI({ apiKey: key, baseURL: `${origin}/v1`, maxRetries: 5 });
  return {
    client,
    model: (id) => client.get(`/models/${encodeURIComponent(id)}`) as Promise<ServedModel>,
    close: async () => {},
  };
}

/**
 * A Worker and the built-in endpoint, in a folder of their own that is removed at the end.
 * @param weights the endpoint's, if not those of this repository.
 */
export async function startService(weights?: string): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), "vpg-eval-"));
  const [port, endpoint] = await Promise.all([
    freePort(),
    startEndpoint({ port: 0, ...(weights === undefined ? {} : { weights }) }),
    migrate(folder),
  ]);
  const said: string[] = [];
  const worker = startWorker({ port, folder, providers: builtIn(endpoint), log: (line) => said.push(line) });
  const end = () => endWorker(worker, "SIGTERM");
  // The Worker has a process group of its own, which Ctrl-C does not reach.
  process.once("exit", end);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  const close = async () => {
    end();
    process.removeListener("exit", end);
    await endpoint.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await worker.ready;
    const url = `http://localhost:${port}`;
    return { ...attach(url, await developmentKey(url, folder)), close };
  } catch (error) {
    await close();
    throw new Error(`the Worker did not start: ${said.slice(-20).join("\n")}`, { cause: error });
  }
}
