-- Who may call: accounts, their projects and their keys. Money and limits live in each account's ledger object.

CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX accounts_newest ON accounts (created_ms, id);

CREATE TABLE projects (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX projects_newest ON projects (account, created_ms, id);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  -- HMAC-SHA-256 of the key under the pepper, in hex; the key itself is kept nowhere.
  hash TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL REFERENCES accounts (id),
  project TEXT NOT NULL REFERENCES projects (id),
  name TEXT NOT NULL,
  -- Its first twelve characters, to know it by.
  prefix TEXT NOT NULL,
  -- JSON lists; models NULL: all of them.
  scopes TEXT NOT NULL,
  models TEXT,
  -- JSON, as last given to the account's ledger, which enforces them; NULL: as much as the account.
  limits TEXT,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER,
  disabled_ms INTEGER,
  -- The key that a rotation made of it.
  replaced_by TEXT REFERENCES api_keys (id)
) STRICT;

CREATE INDEX api_keys_newest ON api_keys (account, created_ms, id);
