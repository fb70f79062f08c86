/** The variables of a local Worker, in a file that only its owner reads; secrets are made once and kept. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const random = () => randomBytes(32).toString("hex");

/** Secrets by the variable that carries them: the file each is kept in, and how it is made. */
const SECRETS = {
  ID_SECRET: { file: "id-secret", make: random },
  KEY_PEPPER: { file: "key-pepper", make: random },
  ADMIN_SECRET: { file: "admin-secret", make: random },
  /** Signs receipts: a private Ed25519 key as a JWK. */
  RECEIPT_KEY: {
    file: "receipt-key",
    make: () => JSON.stringify(generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" })),
  },
} as const;

type Secret = keyof typeof SECRETS;

/**
 * A secret of the local Worker; made when it is first asked for.
 * @param folder where it is kept between starts.
 */
export function localSecret(folder: string, name: Secret): string {
  const { file, make } = SECRETS[name];
  const path = `${folder}/${file}`;
  if (!existsSync(path)) writePrivately(folder, file, make());
  return readFileSync(path, "utf8").trim();
}

/**
 * Writes the file that wrangler reads.
 * @param folder where it and the secrets are kept between starts.
 * @returns its path.
 */
export function localVariables(folder: string, variables: Readonly<Record<string, string>>): string {
  const all = withSecrets(folder, variables);
  const text = Object.entries(all).map(([name, value]) => `${name}=${quoted(name, value)}\n`);
  return writePrivately(folder, "variables.env", text.join(""));
}

/** All that a local Worker is given: those variables, that it is local, and its secrets. */
export function withSecrets(
  folder: string,
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const secrets = (Object.keys(SECRETS) as Secret[]).map((name) => [name, localSecret(folder, name)]);
  return { ...variables, VPG_LOCAL: "1", ...(Object.fromEntries(secrets) as Record<Secret, string>) };
}

/** Writes a file of the folder that only its owner reads; returns its path. */
export function writePrivately(folder: string, file: string, text: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${folder}/${file}`, text, { mode: 0o600 });
  return `${folder}/${file}`;
}

/**
 * As wrangler reads it: within a quotation mark that is not in the value all stands for itself but a dollar, which would
 * name another variable.
 * @throws Error naming the variable whose value has all three marks, which no such file can carry.
 */
function quoted(name: string, value: string): string {
  const mark = ["'", "`", '"'].find((one) => !value.includes(one) && !(one === '"' && value.includes("\\")));
  if (mark === undefined)
    throw new Error(`${name}: a value with all kinds of quotation marks cannot be passed on`);
  return mark + value.replaceAll("$", "\\$") + mark;
}
