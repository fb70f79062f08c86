/** What the directory keeps: accounts, projects and keys, as values. */
import type { KeyLimits } from "../metering/hold.ts";
import type { Scope } from "./scope.ts";

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
}

export interface Project extends Account {
  readonly account: string;
}

/** What the holder of a key chose for it; a rotation hands these on. */
export interface KeySettings {
  readonly name: string;
  readonly project: string;
  readonly scopes: readonly Scope[];
  /** null: every model. */
  readonly models: readonly string[] | null;
  /** null: as much as the account. */
  readonly limits: KeyLimits | null;
  /** null: never. */
  readonly expiresMs: number | null;
}

/** What can be changed later; absent: stays as it is. */
export type KeyChanges = {
  readonly [K in "name" | "models" | "limits" | "expiresMs"]?: KeySettings[K] | undefined;
};

export interface ApiKey extends KeySettings {
  readonly id: string;
  readonly account: string;
  readonly hash: string;
  /** Its first characters, to know it by. */
  readonly prefix: string;
  readonly createdMs: number;
  readonly disabledMs: number | null;
  readonly replacedBy: string | null;
}

/** Some of a list, newest first. */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly hasMore: boolean;
}

/** Which part of a list is asked for: `limit` rows that come after the one with the id `after`. */
export interface PageRequest {
  readonly limit: number;
  readonly after: string | undefined;
}

/** A fresh id: `acct_`, `proj_` or `key_` and 96 random bits in hex. */
export function makeId(prefix: "acct" | "proj" | "key"): string {
  const random = crypto.getRandomValues(new Uint8Array(12));
  return `${prefix}_${Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
