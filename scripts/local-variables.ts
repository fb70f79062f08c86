/** The variables of a local Worker, in a file that only its owner reads; secrets are made once and kept. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

/**
 * Writes the file that wrangler reads.
 * @param folder where it and the secret are kept between starts.
 * @returns its path.
 */
export function localVariables(folder: string, variables: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const secret = `${folder}/id-secret`;
  if (!existsSync(secret)) writeFileSync(secret, randomBytes(32).toString("hex"), { mode: 0o600 });
  const all = { ...variables, VPG_LOCAL: "1", ID_SECRET: readFileSync(secret, "utf8") };
  const path = `${folder}/variables.env`;
  const text = Object.entries(all).map(([name, value]) => `${name}=${JSON.stringify(value)}\n`);
  writeFileSync(path, text.join(""), { mode: 0o600 });
  return path;
}
