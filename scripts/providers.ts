/** An operator's provider file for a local Worker: checked before anything starts, with the secrets that it names. */
import { readFile } from "node:fs/promises";
import { loadProviders } from "../adapters/providers/load.ts";
import { catalogue } from "../src/catalogue/index.ts";

export interface ProviderFile {
  /** As it stands in the file. */
  readonly config: object;
  /** The secrets that it names, from the environment. */
  readonly secrets: Readonly<Record<string, string>>;
  /** One a schedule that a provider cannot carry. */
  readonly warnings: readonly string[];
}

/**
 * @param path of a JSON file (docs/providers.md)
 * @throws ConfigError naming each field that is wrong; Error where there is no such file or it is no JSON
 */
export async function readProviders(path: string): Promise<ProviderFile> {
  const config = parsed(path, await readFile(path, "utf8"));
  const secrets: Record<string, string> = {};
  const warnings: string[] = [];
  const secret = (name: string) => {
    const value = process.env[name];
    if (value !== undefined) secrets[name] = value;
    return value;
  };
  loadProviders(config, catalogue, { secrets: secret }, (line) => warnings.push(line));
  return { config, secrets, warnings };
}

function parsed(path: string, text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new Error(`${path}: not JSON`);
  }
}
