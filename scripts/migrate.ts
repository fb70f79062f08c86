/** Brings the local D1 database up to the migrations, by wrangler's own command and in its own table. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const MIGRATIONS = "migrations";

/**
 * Applies what has not been applied. The command takes seconds, so it is not run again for the same migrations:
 * their digest is kept beside the database.
 * @param folder the Worker's local folder.
 * @throws Error with what wrangler said, when it fails.
 */
export async function migrate(folder: string): Promise<void> {
  const stamp = `${folder}/state/migrations.sha256`;
  const digest = digestOfMigrations();
  if (readIfAny(stamp) === digest) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await run("wrangler", ["d1", "migrations", "apply", "DB", "--local", "--persist-to", `${folder}/state`]);
  writeFileSync(stamp, digest);
}

function digestOfMigrations(): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(MIGRATIONS).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(`${MIGRATIONS}/${file}`))
      .update("\0");
  }
  return hash.digest("hex");
}

function readIfAny(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function run(command: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", NO_COLOR: "1" };
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${said}`)),
    );
  });
}
