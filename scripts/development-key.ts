/** The local database's own key: made once with a big grant, kept in the local folder, printed by `npm start`. */
import { readFileSync } from "node:fs";
import { localSecret, writePrivately } from "./local-variables.ts";
import { operatorOf } from "./operator.ts";

const FILE = "development-key";
/** A million credits. */
const GRANT = 1_000_000_000_000;
/** Nobody needs to be held back from their own machine. */
const LIMITS = { requests_per_minute: 100_000, images_per_minute: 1_000_000, concurrency: 1_000 };

/**
 * A key that works on a local Worker which is up.
 * @param url the Worker's.
 * @param folder its local folder.
 */
export async function developmentKey(url: string, folder: string): Promise<string> {
  const kept = readIfAny(`${folder}/${FILE}`);
  if (kept && (await works(url, kept))) return kept;
  const { call } = operatorOf(url, localSecret(folder, "ADMIN_SECRET"));
  const { id } = await call<{ id: string }>("POST", "/accounts", { name: "development" });
  const grant = { micro_credits: GRANT, key: "development", note: "npm start" };
  await call("POST", `/accounts/${id}/grants`, grant);
  await call("PATCH", `/accounts/${id}/limits`, LIMITS);
  const scopes = ["generate", "read", "usage", "admin"];
  const { key } = await call<{ key: string }>("POST", `/accounts/${id}/keys`, {
    name: "development",
    scopes,
  });
  writePrivately(folder, FILE, key);
  return key;
}

/** Whether the Worker knows the key: a state folder that was cleared has forgotten it. `AUTH=off` may not list keys. */
async function works(url: string, key: string): Promise<boolean> {
  const { status } = await fetch(`${url}/v1/keys?limit=1`, { headers: { authorization: `Bearer ${key}` } });
  return status === 200 || status === 403;
}

function readIfAny(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
