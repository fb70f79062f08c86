/**
 * `npm run conformance -- [--provider NAME] [--config FILE]`: the suite over a provider of one's own, or over this
 * machine's labs (`--container URL --numerics CLASS`: with that server behind the front end, in the place of noise).
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { MissingSecret } from "../../../adapters/providers/connect.ts";
import { loadProviders } from "../../../adapters/providers/load.ts";
import { ConfigError, parseConfig } from "../../../adapters/providers/parse.ts";
import { tableOf } from "../../../scripts/table.ts";
import { catalogue } from "../../../src/catalogue/index.ts";
import { type Outcome, runConformance } from "../conformance.ts";
import type { Lab } from "./lab.ts";
import { type Container, localKinds, localLab } from "./local.ts";

const secrets = (name: string) => process.env[name];

/** One a model of the provider; each is ended after its run. */
async function* labsOf(name: string, file: string): AsyncGenerator<Lab> {
  const value: unknown = JSON.parse(await readFile(file, "utf8"));
  const provider = parseConfig(value).providers.find((one) => one.name === name);
  if (provider === undefined) throw new ConfigError([`--provider: ${file} has no provider ${name}`]);
  const models = catalogue.filter(({ id }) => provider.models.some((entry) => entry.id === id));
  // What its own entry says is checked as at a start, whoever else serves the models.
  const lone = { ...provider, models: provider.models.map((entry) => ({ ...entry, serves: undefined })) };
  loadProviders({ providers: [lone] }, models, { secrets }, console.error);
  for (const entry of provider.models) {
    const model = models.find(({ id }) => id === entry.id);
    if (model) yield { provider, entry, model, secrets, gateway: null };
  }
}

async function* localLabs(kinds: readonly string[], container?: Container): AsyncGenerator<Lab> {
  for (const kind of kinds) {
    const { lab, close } = await localLab(kind, container);
    try {
      yield lab;
    } finally {
      await close();
    }
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      provider: { type: "string" },
      config: { type: "string" },
      container: { type: "string" },
      numerics: { type: "string" },
    },
  });
  const { provider, config, container, numerics } = values;
  if (config !== undefined && provider === undefined)
    throw new ConfigError([`--provider: which of ${config}?`]);
  if ((container === undefined) !== (numerics === undefined))
    throw new ConfigError(["--container and --numerics go together"]);
  const behind = container === undefined ? undefined : { url: container, numerics: numerics! };
  const labs =
    config === undefined ? localLabs(provider ? [provider] : localKinds, behind) : labsOf(provider!, config);
  const all = new Map<string, Outcome[]>();
  for await (const lab of labs) {
    const title = all.has(lab.provider.name) ? `${lab.provider.name}/${lab.model.id}` : lab.provider.name;
    console.log(`\n${lab.provider.name} (${lab.provider.kind}), ${lab.model.id}`);
    all.set(
      title,
      await runConformance(lab, ({ check, result, note }) =>
        console.log(`  ${result.padEnd(7)} ${check}${note === "" ? "" : `: ${note.split("\n")[0]}`}`),
      ),
    );
  }
  console.log(`\n${tableOf(matrixOf(all))}\n`);
  const counts = ([name, outcomes]: [string, Outcome[]]) => ({ provider: name, ...countsOf(outcomes) });
  console.log(tableOf([...all].map(counts)));
  const failed = [...all.values()].flat().some(({ result }) => result === "failed");
  return all.size > 0 && !failed ? 0 : 1;
}

/** A row a check, a column a provider. */
function matrixOf(all: ReadonlyMap<string, readonly Outcome[]>): Record<string, string>[] {
  const words = { passed: "ok", failed: "FAILED", skipped: "-" };
  const [first = []] = all.values();
  return first.map(({ check }, i) => ({
    check,
    ...Object.fromEntries([...all].map(([name, outcomes]) => [name, words[outcomes[i]!.result]])),
  }));
}

function countsOf(outcomes: readonly Outcome[]): Record<Outcome["result"], number> {
  const count = (result: Outcome["result"]) => outcomes.filter((one) => one.result === result).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

process.exitCode = await main().catch((error: Error) => {
  const expected = error instanceof ConfigError || error instanceof MissingSecret;
  console.error(expected ? error.message : error.stack);
  return 2;
});
