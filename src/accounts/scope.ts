/** What a key may do: a closed set of scopes. */

export const SCOPES = ["generate", "read", "usage", "admin"] as const;

/** `generate` draws, `read` sees generations and models, `usage` sees what was spent, `admin` manages the account's keys. */
export type Scope = (typeof SCOPES)[number];
