/** What the benchmark's processes say to the one that started them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

export interface Started {
  readonly url: string;
  readonly child: ChildProcess;
}

/**
 * Starts a script of this folder in a process of its own, which ends when this one does. It has a session of its own too:
 * Linux shares its processors out by session, and the parts of the benchmark are not to take them from each other first.
 * @returns where it listens, once it does.
 * @throws Error when it ends before.
 */
export async function start(script: string, ...args: readonly string[]): Promise<Started> {
  const child = fork(new URL(script, import.meta.url), args, {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    detached: true,
  });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${script} ended with status ${code}`);
  });
  const [url] = await Promise.race([once(child, "message"), ended]);
  ended.catch(() => undefined);
  return { url: String(url), child };
}

/** Says where this process listens, and ends it once nobody is there to be told. */
export function announce(url: string, close: () => Promise<void>): void {
  process.send!(url);
  process.once("disconnect", () => void close().finally(() => process.exit(0)));
}
