/** `npm run test:schema`: a real Worker with a state of its own, and schemathesis against its description. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { startEndpoint } from "../kernels/local/server.ts";
import { builtIn } from "./built-in.ts";
import { startOwnWorker } from "./own-worker.ts";

const SCHEMATHESIS = resolve(".local/schemathesis-venv/bin/schemathesis");
const SETTINGS = resolve("test/schemathesis");
/** A request that went as requests go. */
const UNREMARKABLE = /^[A-Z]+ \S+ [1-4]\d\d \d+ ms/;

const endpoint = startEndpoint({ port: 0 });
const worker = await startOwnWorker(endpoint.then(builtIn), {
  log: (line) => UNREMARKABLE.test(line) || console.error(line),
});
let status = 1;
try {
  const { url, key, folder } = worker;
  status = await runSchemathesis(url, folder, {
    VPG_KEY: key,
    VPG_KEY_ID: await idOf(url, key),
    VPG_GENERATION: await drawOne(url, key),
  });
} finally {
  await worker.close();
  await (await endpoint).close();
}
process.exit(status);

/** The id of the one key that there is yet. */
async function idOf(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/v1/keys`, { headers: { authorization: `Bearer ${key}` } });
  const { data } = (await response.json()) as { data: { id: string }[] };
  return data[0]!.id;
}

/** A generation that there is something to ask about. */
async function drawOne(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/v1/images/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ prompt: "mushroom", seed: 7 }),
  });
  if (!response.ok) throw new Error(`a picture was refused with ${response.status}`);
  await response.body?.cancel();
  return response.headers.get("x-generation-id")!;
}

async function runSchemathesis(
  url: string,
  folder: string,
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const options = ["--config-file", `${SETTINGS}/schemathesis.toml`];
  const child = spawn(SCHEMATHESIS, [...options, "run", `${url}/openapi.json`, ...process.argv.slice(2)], {
    stdio: "inherit",
    // What it keeps of a run goes with the run.
    cwd: folder,
    env: {
      ...process.env,
      ...variables,
      SCHEMATHESIS_HOOKS: "hooks",
      PYTHONPATH: SETTINGS,
      PYTHONDONTWRITEBYTECODE: "1",
    },
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}
