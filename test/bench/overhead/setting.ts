/** The processes of the benchmark: the endpoint, and the two Workers as they would be deployed, each on a workerd of its own. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { developmentKey } from "../../../scripts/development-key.ts";
import { localSecret } from "../../../scripts/local-variables.ts";
import { migrate } from "../../../scripts/migrate.ts";
import { start } from "./message.ts";

export interface Setting {
  readonly endpoint: string;
  readonly bare: string;
  readonly edge: string;
  /** Of an account with credit. */
  readonly key: string;
  readonly close: () => void;
}

const BARE = "test/bench/overhead/pass-through.toml";
const EDGE = "wrangler.toml";
const SECRETS = ["ID_SECRET", "KEY_PEPPER", "ADMIN_SECRET", "RECEIPT_KEY"] as const;

/**
 * Builds and starts all of it, in a folder that is cleared at the end.
 * @param inspector where a debugger may look into the edge.
 */
export async function open(inspector: string | undefined): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), "vpg-overhead-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const [endpoint] = await Promise.all([start("endpoint.ts"), migrate(folder)]);
  const host = async (config: string, variables: object, ...more: string[]) => {
    const bundle = mkdtempSync(`${folder}/bundle-`);
    await promisify(execFile)("wrangler", ["deploy", "-c", config, "--dry-run", "--outdir", bundle]);
    const given = { ENDPOINT_URL: endpoint.url, ...variables };
    const options = { config, bundle, folder: `${folder}/state/v3`, variables: JSON.stringify(given) };
    return start("host.ts", ...Object.entries(options).map(([name, value]) => `--${name}=${value}`), ...more);
  };
  const secrets = SECRETS.map((name) => [name, localSecret(folder, name)]);
  const variables = {
    ...(Object.fromEntries(secrets) as Record<string, string>),
    ...{ ENDPOINT_NUMERICS: "noise", VPG_LOCAL: "1", ORIGIN: "http://localhost" },
  };
  const bare = await host(BARE, {});
  const edge = await host(
    process.env.EDGE_CONFIG ?? EDGE,
    variables,
    ...(inspector ? [`--inspector=${inspector}`] : []),
  );
  return {
    ...{ endpoint: endpoint.url, bare: bare.url, edge: edge.url },
    key: await developmentKey(edge.url, folder),
    edgePid: edge.child.pid,
    close: () => {
      for (const { child } of [edge, bare, endpoint]) child.disconnect();
    },
  };
}
