/** `npm start`: the built-in endpoint and the Worker beside it, one readable line a request, Ctrl-C ends both. */
import { parseArgs } from "node:util";
import { startEndpoint } from "../kernels/local/server.ts";
import { builtIn } from "./built-in.ts";
import { developmentKey } from "./development-key.ts";
import { migrate } from "./migrate.ts";
import { isFree } from "./port.ts";
import { endWorker, startWorker, type WorkerProcess } from "./worker-process.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: process.env.PORT ?? "8787" },
    folder: { type: "string", default: ".local" },
  },
});
const { folder } = values;
const port = Number(values.port);
const authOff = process.env.AUTH === "off";
/** Requests of our own, before anybody else's can come. */
const OWN = /^(GET|POST) \/v1\/(keys|admin)\b/;
let worker: WorkerProcess | null = null;
let greeted = false;

if (!Number.isInteger(port) || port < 1 || port > 65535) fail(`--port: ${values.port} is no port`);
if (!(await isFree(port))) {
  fail(`port ${port} is taken; end what holds it, or choose another: npm start -- --port ${port + 1}`);
}
process.on("SIGINT", () => end(0));
process.on("SIGTERM", () => end(0));

const [endpoint] = await Promise.all([startEndpoint({ port: 0 }), migrate(folder)]);
worker = startWorker({ port, folder, providers: builtIn(endpoint), authOff, log });
worker.child.on("exit", (code) => fail(`the Worker ended with status ${code}`));
await worker.ready;
greet(await developmentKey(`http://localhost:${port}`, folder));

function log(line: string): void {
  if (greeted || !OWN.test(line)) console.log(line);
}

function greet(key: string): void {
  greeted = true;
  const authorization = authOff ? [] : [`-H 'authorization: Bearer ${key}'`];
  const curl = [
    `curl localhost:${port}/v1/images/generations`,
    ...authorization,
    "-H 'content-type: application/json'",
    `-d '{"model":"var-sprites","prompt":"mushroom","n":4,"seed":7,"vpg":{"scale":1.5}}'`,
  ];
  console.log(`
vpg-edge is ready: http://localhost:${port}${authOff ? " (AUTH=off: no key is asked for)" : ""}

  ${curl.join(" \\\n    ")}
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
