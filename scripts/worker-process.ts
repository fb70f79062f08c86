/** The Worker as a local process: wrangler dev, quiet about itself. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { lines } from "./lines.ts";
import { localVariables } from "./local-variables.ts";

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Resolves when it answers; rejects when it ends before. */
  readonly ready: Promise<void>;
}

interface WorkerOptions {
  readonly port: number;
  /** Where Durable Objects, R2 and D1 (brought up to date by `migrate`) live between starts, and the secrets and variables beside them. */
  readonly folder: string;
  /** Who serves the models: a provider config (docs/providers.md). */
  readonly providers: object;
  /** Takes every caller for the oldest account, without a key. */
  readonly authOff?: boolean;
  /** The Worker as `buildWorker` made it: that one runs until the end, whatever changes in the folders it was made of. */
  readonly built?: string;
  /** More variables of the Worker. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What the Worker logs, and every warning and error, line by line. */
  readonly log: (line: string) => void;
}

/** What wrangler says of itself. */
const CHATTER = /^(\[wrangler:info\]|⎔|⛅|─|╭|│|╰|Your Worker has access|Binding\b|env\.|Using )/;

/**
 * Builds the Worker as it is deployed. `wrangler dev` builds anew and starts again when any file or folder that it looked
 * into has changed, and breaks off what is under way.
 * @param folder where to.
 * @param config its wrangler.toml.
 * @returns the script's path, for `startWorker`.
 */
export async function buildWorker(folder: string, config = "wrangler.toml"): Promise<string> {
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", NO_COLOR: "1" };
  await promisify(execFile)("wrangler", ["deploy", "--config", config, "--dry-run", "--outdir", folder], {
    env,
  });
  return `${folder}/worker.js`;
}

/** Starts it in a process group of its own, so that all of it can be ended at once. */
export function startWorker(options: WorkerOptions): WorkerProcess {
  const { port, folder, providers, authOff, built, log } = options;
  const variables = localVariables(folder, {
    ...options.variables,
    PROVIDERS: JSON.stringify(providers).replaceAll("'", "\\u0027"),
    ORIGIN: `http://localhost:${port}`,
    ...(authOff && { AUTH: "off" }),
  });
  const child = spawn(
    "wrangler",
    [
      "dev",
      ...(built === undefined ? [] : [built, "--no-bundle", "--config", "wrangler.toml"]),
      "--ip",
      "127.0.0.1",
      "--port",
      `${port}`,
      "--inspector-port",
      "0",
      "--env-file",
      variables,
    ].concat(["--persist-to", `${folder}/state`, "--show-interactive-dev-session=false"]),
    {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_HIDE_BANNER: "true",
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
        NO_COLOR: "1",
      },
    },
  );
  const ready = new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`wrangler ended with status ${code}`)));
    child.once("error", reject);
    const pass = async (stream: NodeJS.ReadableStream) => {
      for await (const line of lines(stream)) {
        if (/Ready on http/.test(line)) resolve();
        else if (line.trim() !== "" && !CHATTER.test(line.trim())) log(line);
      }
    };
    void pass(child.stdout);
    void pass(child.stderr);
  });
  return { child, ready };
}

/** Ends a worker's whole process group. */
export function endWorker({ child }: WorkerProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

/** Ends it at once and without warning; resolves when it is gone. */
export async function killWorker(worker: WorkerProcess): Promise<void> {
  const { child } = worker;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  endWorker(worker, "SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await gone;
}
