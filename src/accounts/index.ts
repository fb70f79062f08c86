/** The room of accounts, wired: the directory, who calls, the life of keys, and the operator's secret. */
import { Directory } from "./directory.ts";
import { Identifier } from "./identify.ts";
import { type ConfigureKey, Keyring } from "./keyring.ts";
import { Pepper, sameSecret } from "./pepper.ts";

export interface AccountsOptions {
  readonly db: D1Database;
  /** Secret under which keys are hashed. */
  readonly pepper: string;
  /** The operator's secret; absent or empty: nobody is the operator. */
  readonly adminSecret: string | undefined;
  readonly configureKey: ConfigureKey;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Accounts {
  readonly directory: Directory;
  readonly identifier: Identifier;
  readonly keyring: Keyring;
  /** Whether an `Authorization` header carries the operator's secret. */
  readonly isOperator: (header: string | undefined) => Promise<boolean>;
}

export function makeAccounts({ db, pepper, adminSecret, configureKey, now }: AccountsOptions): Accounts {
  const ports = { directory: new Directory(db), pepper: new Pepper(pepper), configureKey, now };
  return {
    directory: ports.directory,
    identifier: new Identifier(ports),
    keyring: new Keyring(ports),
    isOperator: async (header) => {
      const said = /^bearer\s+(.+)$/i.exec(header ?? "")?.[1] ?? "";
      return Boolean(adminSecret) && (await sameSecret(said, adminSecret!));
    },
  };
}
