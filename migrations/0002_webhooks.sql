-- Where accounts want to be told of what their ledgers post. A row is written once its host has echoed a challenge.

CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES accounts (id),
  url TEXT NOT NULL,
  -- A JSON list of types. The signing key is made of the id and a secret that is not in this database.
  events TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX webhooks_of ON webhooks (account, created_ms, id);

-- How many challenges an account has asked for on a day, so that nobody makes us call the world.
CREATE TABLE webhook_challenges (
  account TEXT NOT NULL REFERENCES accounts (id),
  day TEXT NOT NULL,
  asked INTEGER NOT NULL,
  PRIMARY KEY (account, day)
) STRICT;
