/** The processes of the benchmark: the endpoint, and the two Workers as they would be deployed, each on a workerd of its own. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { builtIn } from "../../../scripts/built-in.ts";
import { developmentKey } from "../../../scripts/development-key.ts";
import { localSecret } from "../../../scripts/local-variables.ts";
import { migrate } from "../../../scripts/migrate.ts";
import { childrenMs } from "./cpu.ts";
import { type Started, start } from "./message.ts";

/** A process, and what its children (a Worker's is its workerd) have computed so far, in milliseconds, where it is known. */
export interface Running extends Started {
  readonly computedMs: () => number | null;
}

export interface Setting {
  readonly endpoint: Running;
  readonly bare: Running;
  readonly edge: Running;
  /** Of an account with credit. */
  readonly key: string;
  readonly close: () => void;
}

export interface Opening {
  /** The edge's wrangler.toml. */
  readonly config: string;
  /** Where the folder is made that everything lives in, and that is cleared at the end. */
  readonly parent: string;
  /** A port where a debugger may look into the edge; absent: none. */
  readonly inspector?: string | undefined;
}

const BARE = "test/bench/overhead/pass-through.toml";
const SECRETS = ["ID_SECRET", "KEY_PEPPER", "ADMIN_SECRET", "RECEIPT_KEY"] as const;

/** Builds and starts all of it. */
export async function open({ config, parent, inspector }: Opening): Promise<Setting> {
  const folder = mkdtempSync(join(parent, "vpg-overhead-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const [endpoint] = await Promise.all([running("endpoint.ts"), migrate(folder)]);
  const host = async (name: string, own: string, variables: object, ...more: string[]) => {
    const bundle = `${folder}/${name}`;
    await promisify(execFile)("wrangler", ["deploy", "-c", own, "--dry-run", "--outdir", bundle]);
    const given = JSON.stringify(variables);
    const options = { config: own, bundle, folder: `${folder}/state/v3`, variables: given };
    const args = Object.entries(options).map(([option, value]) => `--${option}=${value}`);
    return running("host.ts", ...args, ...more);
  };
  const secrets = SECRETS.map((name) => [name, localSecret(folder, name)]);
  const variables = {
    ...(Object.fromEntries(secrets) as Record<string, string>),
    ...{ VPG_LOCAL: "1", ORIGIN: "http://localhost" },
    PROVIDERS: JSON.stringify(providersOf(endpoint.url)),
  };
  const bare = await host("bare", BARE, { ENDPOINT_URL: endpoint.url });
  const edge = await host("edge", config, variables, ...(inspector ? [`--inspector=${inspector}`] : []));
  return {
    ...{ endpoint, bare, edge },
    key: await developmentKey(edge.url, folder),
    close: () => {
      for (const { child } of [edge, bare, endpoint]) child.disconnect();
    },
  };
}

/** The endpoint has room for all that comes: a call that waits its turn would measure the limit. */
function providersOf(url: string): object {
  const { providers } = builtIn({ url, numerics: "noise" });
  return { providers: providers.map((one) => ({ ...one, limits: { concurrency: 256 } })) };
}

async function running(script: string, ...args: readonly string[]): Promise<Running> {
  const started = await start(script, ...args);
  return { ...started, computedMs: () => childrenMs(started.child.pid!) };
}
