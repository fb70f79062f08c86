/** `npm start`: the built-in endpoint and the Worker beside it, one readable line a request, Ctrl-C ends both. */
import { parseArgs } from "node:util";
import { startEndpoint } from "../kernels/local/server.ts";
import { isFree } from "./port.ts";
import { endWorker, startWorker, type WorkerProcess } from "./worker-process.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: process.env.PORT ?? "8787" },
    folder: { type: "string", default: ".local" },
  },
});
const port = Number(values.port);
let worker: WorkerProcess | null = null;

if (!Number.isInteger(port) || port < 1 || port > 65535) fail(`--port: ${values.port} is no port`);
if (!(await isFree(port))) {
  fail(`port ${port} is taken; end what holds it, or choose another: npm start -- --port ${port + 1}`);
}
process.on("SIGINT", () => end(0));
process.on("SIGTERM", () => end(0));

const endpoint = await startEndpoint({ port: 0 });
worker = startWorker({ port, folder: values.folder, endpoint, log: (line) => console.log(line) });
worker.child.on("exit", (code) => fail(`the Worker ended with status ${code}`));
await worker.ready;
greet();

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
  worker?.child.removeAllListeners("exit");
  if (worker) endWorker(worker, "SIGTERM");
  process.exit(status);
}
