/** `npm start`: the built-in endpoint and the Worker beside it, one readable line a request, Ctrl-C ends both. */
import { type ChildProcess, spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { lines } from "./lines.ts";
import { isFree } from "./port.ts";
import { endWorker, startWorker, type WorkerProcess } from "./worker-process.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: process.env.PORT ?? "8787" },
    folder: { type: "string", default: ".local" },
  },
});
const port = Number(values.port);
let endpointProcess: ChildProcess | null = null;
let worker: WorkerProcess | null = null;

if (!Number.isInteger(port) || port < 1 || port > 65535) fail(`--port: ${values.port} is no port`);
if (!(await isFree(port))) {
  fail(`port ${port} is taken; end what holds it, or choose another: npm start -- --port ${port + 1}`);
}
process.on("SIGINT", () => end(0));
process.on("SIGTERM", () => end(0));

const endpoint = await startEndpoint();
worker = startWorker({ port, folder: values.folder, endpoint, log: (line) => console.log(line) });
worker.child.on("exit", (code) => fail(`the Worker ended with status ${code}`));
await worker.ready;
greet();

/** Starts the built-in endpoint on a free port; resolves with its url and numerics class once it is ready. */
async function startEndpoint(): Promise<{ url: string; numerics: string }> {
  const child = spawn("node", ["kernels/local/server.ts", "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  endpointProcess = child;
  child.on("exit", (code) => fail(`the built-in endpoint ended with status ${code}`));
  for await (const line of lines(child.stdout)) {
    if (line.startsWith("{")) return JSON.parse(line);
    console.log(line);
  }
  return fail("the built-in endpoint ended before it was ready");
}

function greet(): void {
  console.log(`
vpg-edge is ready: http://localhost:${port}

  curl localhost:${port}/v1/images/generations -H 'content-type: application/json' \\
    -d '{"model":"var-sprites","prompt":"mushroom","n":4,"seed":7,"vpg":{"scale":1.5}}'
`);
}

function fail(message: string): never {
  console.error(`vpg-edge: ${message}`);
  return end(1);
}

function end(status: number): never {
  endpointProcess?.removeAllListeners("exit").kill("SIGTERM");
  worker?.child.removeAllListeners("exit");
  if (worker) endWorker(worker, "SIGTERM");
  process.exit(status);
}
