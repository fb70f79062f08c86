/** A provider file from unknown JSON to a value that can be trusted, or a list of what is wrong with it, by field. */
import { z } from "zod";
import { type Config, configSchema, type ProviderConfig } from "./schema.ts";

/** Everything that is wrong, a line each, naming the field; values are not repeated, since one may be a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /** @param problems a line each */
  constructor(problems: readonly string[]) {
    super(`the provider config cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
  }
}

/**
 * @param value parsed JSON
 * @returns the config
 * @throws ConfigError
 */
export function parseConfig(value: unknown): Config {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => told(issue, value)));
  const { providers } = parsed.data;
  const problems = [
    ...providers.flatMap((provider, i) => contradictions(provider, i, parsed.data)),
    ...classProblems(providers),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return parsed.data;
}

function told(issue: z.core.$ZodIssue, value: unknown): string {
  const where = `${fieldOf(issue.path)}${nameAt(issue.path, value)}`;
  if (issue.code === "unrecognized_keys") return `${where}: unknown field ${issue.keys.join(", ")}`;
  if (issue.code === "invalid_value") return `${where}: one of ${issue.values.map(String).join(", ")}`;
  return `${where}: ${issue.message}`;
}

/** `providers[1].models[0].revision`. */
function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return text === "" ? "(top)" : text.replace(/^\./, "");
}

/** Whose it is, for who does not count from 0. */
function nameAt([list, i]: readonly PropertyKey[], value: unknown): string {
  if (list !== "providers" || typeof i !== "number") return "";
  const name = z
    .object({ providers: z.array(z.object({ name: z.string() }).catch({ name: "" })) })
    .safeParse(value);
  const found = name.data?.providers[i]?.name;
  return found ? ` (${found.slice(0, 63)})` : "";
}

function contradictions(provider: ProviderConfig, i: number, { providers }: Config): string[] {
  const field = (name: string) => `providers[${i}].${name} (${provider.name})`;
  const problems: string[] = [];
  if (providers.findIndex(({ name }) => name === provider.name) !== i)
    problems.push(`${field("name")}: another provider has it`);
  const ids = provider.models.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) problems.push(`${field("models")}: a model stands twice`);
  if (reachesOne(provider) && ids.length > 1)
    problems.push(`${field("models")}: its front end reaches one model, ${ids.length} are listed`);
  if (provider.kind === "vertex" && provider.dedicated && provider.url === undefined)
    problems.push(`${field("url")}: a dedicated endpoint's own host is needed`);
  return problems;
}

/** A class is exact or it is not, whoever computes in it. */
function classProblems(providers: readonly ProviderConfig[]): string[] {
  const first = new Map<string, { exact: boolean; field: string }>();
  return providers.flatMap((provider, i) =>
    provider.models.flatMap(({ numerics }, j) => {
      const where = `providers[${i}].models[${j}].numerics.exact (${provider.name})`;
      const before = first.get(numerics.class);
      if (before === undefined) first.set(numerics.class, { exact: numerics.exact, field: where });
      if (before === undefined || before.exact === numerics.exact) return [];
      return [`${where}: class ${numerics.class} is ${before.exact} at ${before.field}`];
    }),
  );
}

function reachesOne(provider: ProviderConfig): boolean {
  if (provider.kind === "sagemaker") return true;
  if (provider.kind === "vertex") return !provider.redirect;
  return provider.kind === "oip" && !provider.url.includes("{model}");
}
