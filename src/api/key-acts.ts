/** What callers with the scope `admin` and the operator alike do with an account's keys, from request to directory. */
import { allowGrant, type Caller } from "../accounts/caller.ts";
import type { IssuedKey } from "../accounts/keyring.ts";
import type { ApiKey, Project } from "../accounts/records.ts";
import { Refusal } from "../refusal.ts";
import type { Deps } from "./deps.ts";
import { type KeyChange, type NewKey, readExpiry, readLimits } from "./key-schemas.ts";

/** The caller who grants, who can hand on only what they have themselves; or the operator, who may everything. */
export type Grantor = Caller | "operator";

/**
 * Makes a key of an account.
 * @throws Refusal where the grantor lacks what is asked for, or the account has no such project.
 */
export async function createKey(
  { accounts }: Deps,
  account: string,
  asked: NewKey,
  grantor: Grantor,
): Promise<IssuedKey> {
  const scopes = asked.scopes ?? (["generate", "read"] as const);
  const models = asked.models === undefined ? ownModels(grantor) : asked.models;
  hold(grantor, { scopes, models });
  const project = await projectOf(accounts, account, asked.project);
  return accounts.keyring.create(account, {
    name: asked.name,
    project: project.id,
    scopes,
    models,
    limits: asked.limits ? readLimits(asked.limits, null) : null,
    expiresMs: readExpiry(asked.expires_at ?? null, Date.now()),
  });
}

/** @throws Refusal 404 for a key that is not this account's. */
export async function findKey({ accounts }: Deps, account: string, id: string): Promise<ApiKey> {
  const key = await accounts.directory.key(account, id);
  if (key) return key;
  throw new Refusal("not_found", "There is no such API key.", { param: "id" });
}

/** Changes a key; the caller may not hand it models that the caller's own key lacks. */
export async function changeKey(deps: Deps, key: ApiKey, asked: KeyChange, caller: Caller): Promise<ApiKey> {
  const { name, models, limits, expires_at } = asked;
  if (models !== undefined) allowGrant(caller, { scopes: [], models });
  return deps.accounts.keyring.change(key, {
    name,
    models,
    limits: limits && readLimits(limits, key.limits),
    expiresMs: expires_at === undefined ? undefined : readExpiry(expires_at, Date.now()),
  });
}

/** Rotates a key; whoever does sees the new one's text, so they must have what it has. */
export async function rotateKey(
  deps: Deps,
  key: ApiKey,
  overlapMs: number,
  grantor: Grantor,
): Promise<IssuedKey> {
  hold(grantor, key);
  return deps.accounts.keyring.rotate(key, overlapMs);
}

function hold(grantor: Grantor, grant: Pick<Caller, "scopes" | "models">): void {
  if (grantor !== "operator") allowGrant(grantor, grant);
}

const ownModels = (grantor: Grantor) => (grantor === "operator" ? null : grantor.models);

async function projectOf(
  { directory }: Deps["accounts"],
  account: string,
  id: string | undefined,
): Promise<Project> {
  const project = await directory.project(account, id);
  if (project) return project;
  throw new Refusal("not_found", "There is no such project.", { param: "project" });
}
