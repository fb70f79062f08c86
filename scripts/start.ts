/** `npm start`: the built-in endpoint and the Worker beside it, one readable line a request, Ctrl-C ends both. */
import { type ChildProcess, spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { lines } from "./lines.ts";
import { localVariables } from "./local-variables.ts";
import { isFree } from "./port.ts";

const { values } = parseArgs({ options: { port: { type: "string", default: process.env.PORT ?? "8787" } } });
const port = Number(values.port);
const children: ChildProcess[] = [];
let ending = false;

if (!Number.isInteger(port) || port < 1 || port > 65535) fail(`--port: ${values.port} is no port`);
if (!(await isFree(port))) {
  fail(`port ${port} is taken; end what holds it, or choose another: npm start -- --port ${port + 1}`);
}
process.on("SIGINT", () => end(0));
process.on("SIGTERM", () => end(0));

const endpoint = await startEndpoint();
await startWorker(endpoint);

/** Starts the built-in endpoint on a free port; resolves with its url and numerics class once it is ready. */
async function startEndpoint(): Promise<{ url: string; numerics: string }> {
  const child = run("the built-in endpoint", "node", ["kernels/local/server.ts", "--port", "0", "--json"]);
  for await (const line of lines(child.stdout!)) {
    if (line.startsWith("{")) return JSON.parse(line);
    console.log(line);
  }
  return fail("the built-in endpoint ended before it was ready");
}

async function startWorker({ url, numerics }: { url: string; numerics: string }): Promise<void> {
  const variables = localVariables({ ENDPOINT_URL: url, ENDPOINT_NUMERICS: numerics });
  const args = [
    "dev",
    "--ip",
    "127.0.0.1",
    "--port",
    `${port}`,
    "--env-file",
    variables,
    "--persist-to",
    ".local/state",
  ];
  const child = run("wrangler", "wrangler", [...args, "--show-interactive-dev-session=false"]);
  for await (const line of lines(child.stdout!)) {
    if (/^\[wrangler:info\] Ready on/.test(line)) greet();
    else if (isOurs(line)) console.log(line);
  }
}

/** What wrangler says of itself is left out; what the Worker logs, and every warning and error, is shown. */
function isOurs(line: string): boolean {
  return (
    line.trim() !== "" &&
    !/^(\[wrangler:info\]|⎔|⛅|─|╭|│|╰|Your Worker has access|Binding|env\.|Using )/.test(line.trim())
  );
}

function greet(): void {
  console.log(`
vpg-edge is ready: http://localhost:${port}

  curl localhost:${port}/v1/images/generations -H 'content-type: application/json' \\
    -d '{"model":"var-sprites","prompt":"mushroom","n":4,"seed":7,"vpg":{"scale":1.5}}'
`);
}

function run(what: string, command: string, args: string[]): ChildProcess {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_HIDE_BANNER: "true",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      NO_COLOR: "1",
    },
  });
  children.push(child);
  child.on("exit", (code) => {
    if (!ending) fail(`${what} ended${code === null ? "" : ` with status ${code}`}`);
  });
  return child;
}

function fail(message: string): never {
  console.error(`vpg-edge: ${message}`);
  return end(1);
}

function end(status: number): never {
  ending = true;
  for (const child of children) child.kill("SIGTERM");
  process.exit(status);
}
