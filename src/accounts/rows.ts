/** Rows of D1 to values and back. */
import type { Account, ApiKey, Project } from "./records.ts";

export interface AccountRow {
  id: string;
  name: string;
  created_ms: number;
}

export interface ProjectRow extends AccountRow {
  account: string;
}

export interface KeyRow extends ProjectRow {
  hash: string;
  project: string;
  prefix: string;
  scopes: string;
  models: string | null;
  limits: string | null;
  expires_ms: number | null;
  disabled_ms: number | null;
  replaced_by: string | null;
}

export const accountOf = ({ id, name, created_ms }: AccountRow): Account => ({
  id,
  name,
  createdMs: created_ms,
});

export const projectOf = (row: ProjectRow): Project => ({ ...accountOf(row), account: row.account });

export function keyOf(row: KeyRow): ApiKey {
  const { hash, project, prefix } = row;
  return {
    ...projectOf(row),
    hash,
    project,
    prefix,
    scopes: JSON.parse(row.scopes) as ApiKey["scopes"],
    models: row.models === null ? null : (JSON.parse(row.models) as ApiKey["models"]),
    limits: row.limits === null ? null : (JSON.parse(row.limits) as ApiKey["limits"]),
    expiresMs: row.expires_ms,
    disabledMs: row.disabled_ms,
    replacedBy: row.replaced_by,
  };
}

/** The values of a key in the order of its table's columns. */
export const valuesOf = (key: ApiKey): (string | number | null)[] => [
  key.id,
  key.hash,
  key.account,
  key.project,
  key.name,
  key.prefix,
  JSON.stringify(key.scopes),
  jsonOrNull(key.models),
  jsonOrNull(key.limits),
  key.createdMs,
  key.expiresMs,
  key.disabledMs,
  key.replacedBy,
];

const jsonOrNull = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));
