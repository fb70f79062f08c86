/** A real tritonserver as a process, as an operator starts it: kernels/gpu/triton/serve.py. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { weights } from "../../kernels/local/asking.ts";
import { lines } from "../../scripts/lines.ts";

export interface TritonServer {
  readonly url: string;
  /** Its /metrics. */
  readonly metrics: string;
  /** Its front end for a cloud, where one was asked for (`{ front: "sagemaker" }`). */
  readonly front: string;
  /** Ends it; resolves to its exit status once it has ended. */
  close(): Promise<number | null>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @param settings arguments of serve.py: `{ rule: "batched" }`; without `repository` it serves one model, of the weights that
 *   most tests use
 * @returns it, once every model is ready
 * @throws Error with its last words when it ends before
 */
export async function startTriton(settings: Readonly<Record<string, string>> = {}): Promise<TritonServer> {
  const all = "repository" in settings ? settings : { model: "var-sprites", weights, ...settings };
  const options = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const program = spawn(".venv/bin/python", ["kernels/gpu/triton/serve.py", ...options], {
    cwd: root,
    env: { ...process.env, VPG_GPU: join(root, "kernels/gpu") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Nothing of it outlives us, however we end.
  const abandon = () => void program.kill("SIGTERM");
  process.once("exit", abandon);
  const ended = once(program, "exit") as Promise<[number | null]>;
  const said: string[] = [];
  void keep(program.stderr, said);
  const places = await Promise.race([readiness(program), ended.then(() => null)]);
  if (places === null) throw new Error(`tritonserver did not start:\n${said.slice(-20).join("\n")}`);
  let closing = false;
  void ended.then(([status]) => {
    if (!closing)
      process.stderr.write(`tritonserver ended by itself, ${status}:\n${said.slice(-20).join("\n")}\n`);
  });
  return {
    ...places,
    async close() {
      closing = true;
      process.off("exit", abandon);
      program.kill("SIGTERM");
      return (await ended)[0];
    },
  };
}

async function keep(stream: NodeJS.ReadableStream, said: string[]): Promise<void> {
  for await (const line of lines(stream)) said.push(line);
}

function readiness({ stdout }: ChildProcess): Promise<Omit<TritonServer, "close">> {
  return new Promise((resolve) => {
    const read = async () => {
      const places = { metrics: "", front: "" };
      for await (const line of lines(stdout!)) {
        const [, what, url] = /^(metrics|sagemaker|vertex|ready) on (\S+)/.exec(line) ?? [];
        if (what === "metrics") places.metrics = url!;
        else if (what === "ready") resolve({ url: url!, ...places });
        else if (what !== undefined) places.front = url!;
      }
    };
    void read();
  });
}
