/** The processes of the benchmark: the endpoint, and the Workers as they would be deployed, each on a workerd of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { providerOf } from "../../../scripts/built-in.ts";
import { developmentKey } from "../../../scripts/development-key.ts";
import { withSecrets } from "../../../scripts/local-variables.ts";
import { migrate } from "../../../scripts/migrate.ts";
import { buildWorker } from "../../../scripts/worker-process.ts";
import { ofOneClass } from "../../of-one-class.ts";
import { childrenMs } from "./cpu.ts";
import { type Started, start } from "./message.ts";

/** A process, and what its children (a Worker's is its workerd) have computed so far, in milliseconds, where it is known. */
export interface Running extends Started {
  readonly computedMs: () => number | null;
}

export interface Edge extends Running {
  /** Of an account with credit. */
  readonly key: string;
}

export interface Setting {
  readonly endpoint: Running;
  readonly bare: Running;
  /** Puts into R2 what a picture puts there. */
  readonly buckets: Running;
  /** One a config. */
  readonly edges: readonly Edge[];
  readonly close: () => void;
}

const BARE = "test/bench/overhead/pass-through.toml";
const BUCKETS = "test/bench/overhead/buckets.toml";

/**
 * Builds and starts all of it.
 * @param deviceMs how long the endpoint takes for every call.
 * @param parent where the folder is made that everything lives in, and that is cleared at the end.
 * @param configs the edges' wrangler.toml.
 * @param inspector a port where a debugger may look into the first edge; absent: none.
 */
export async function open(
  deviceMs: number,
  parent: string,
  configs: readonly string[],
  inspector?: string,
): Promise<Setting> {
  const folder = mkdtempSync(join(parent, "vpg-overhead-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const endpoint = await running("endpoint.ts", `${deviceMs}`);
  const bare = await host(`${folder}/bare`, BARE, { ENDPOINT_URL: endpoint.url });
  const buckets = await host(`${folder}/buckets`, BUCKETS, {});
  const edges: Edge[] = [];
  for (const [i, config] of configs.entries()) {
    edges.push(await edgeOf(`${folder}/${i}`, config, endpoint.url, i === 0 ? inspector : undefined));
  }
  const close = () => {
    for (const { child } of [...edges, buckets, bare, endpoint]) child.disconnect();
  };
  return { endpoint, bare, buckets, edges, close };
}

async function edgeOf(folder: string, config: string, endpoint: string, inspector?: string): Promise<Edge> {
  await migrate(folder);
  const variables = withSecrets(folder, {
    ORIGIN: "http://localhost",
    PROVIDERS: JSON.stringify(providersOf(endpoint)),
  });
  const edge = await host(folder, config, variables, ...(inspector ? [`--inspector=${inspector}`] : []));
  return { ...edge, key: await developmentKey(edge.url, folder) };
}

/** The endpoint has room for all that comes: a call that waits its turn would measure the limit. */
function providersOf(url: string): object {
  return { providers: [{ ...providerOf(ofOneClass(url, "noise")), limits: { concurrency: 256 } }] };
}

/** A Worker, built as for its deployment. */
async function host(folder: string, config: string, variables: object, ...more: string[]): Promise<Running> {
  const bundle = `${folder}/bundle`;
  await buildWorker(bundle, config);
  const options = { config, bundle, folder: `${folder}/state/v3`, variables: JSON.stringify(variables) };
  const args = Object.entries(options).map(([option, value]) => `--${option}=${value}`);
  return running("host.ts", ...args, ...more);
}

async function running(script: string, ...args: readonly string[]): Promise<Running> {
  const started = await start(script, ...args);
  return { ...started, computedMs: () => childrenMs(started.child.pid!) };
}
