/** `npm start`: the built-in endpoint (or the endpoints of `--providers FILE`) and the Worker, one readable line a request, Ctrl-C ends both. */
import { parseArgs } from "node:util";
import { startEndpoint } from "../kernels/local/server.ts";
import { builtIn } from "./built-in.ts";
import { developmentKey } from "./development-key.ts";
import { migrate } from "./migrate.ts";
import { isFree } from "./port.ts";
import { readProviders } from "./providers.ts";
import { endWorker, startWorker, type WorkerProcess } from "./worker-process.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: process.env.PORT ?? "8787" },
    folder: { type: "string", default: ".local" },
    providers: { type: "string" },
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

// A migration that is killed half way leaves tables that the next one stumbles over: what can fail comes before it.
const fleet = values.providers === undefined ? null : await fleetOf(values.providers);
const [endpoint] = await Promise.all([fleet ? null : startEndpoint({ port: 0 }), migrate(folder)]);
worker = startWorker({ port, folder, authOff, log, ...(fleet ?? { providers: builtIn(endpoint!) }) });
worker.child.on("exit", (code) => fail(`the Worker ended with status ${code}`));
await worker.ready;
greet(await developmentKey(`http://localhost:${port}`, folder));

/** The operator's endpoints and what is needed to reach them. */
async function fleetOf(file: string) {
  const { config, secrets, warnings } = await readProviders(file).catch((error: Error) =>
    fail(error.message),
  );
  for (const line of warnings) console.warn(line);
  return { providers: config, variables: secrets };
}

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
