/** Settings of the account and its keys, and the buckets that their rates are measured with. */
import type { HoldRefusal, LimitState, Limits } from "../hold.ts";
import { type Bucket, fullBucket, refill, stateOf, take } from "./bucket.ts";
import { type AccountSettings, type KeySettings, NEW_ACCOUNT, NEW_KEY } from "./settings.ts";
import type { Sql } from "./store.ts";

/** The scope of what holds for the whole account; a key's is its id. */
const ACCOUNT = "";

type Kind = "requests" | "pictures";
type RateRefusal = Extract<HoldRefusal, { why: "rate_limit_exceeded" }>;

/** One bucket that a request goes through, before and after it. */
interface Measured {
  readonly scope: string;
  readonly kind: Kind;
  readonly limit: number;
  readonly before: Bucket;
  /** Null: not enough in it. */
  readonly after: Bucket | null;
  readonly waitMs: number;
}

/** A request against all its buckets, of which it takes only when told so. */
export interface Measurement {
  /** As they stand if nothing is taken. */
  readonly untouched: Limits;
  /** As they stand once it is taken. */
  readonly taken: Limits;
  /** Why it may not be taken: the limit that it must wait longest for. */
  readonly refusal: RateRefusal | null;
  readonly take: () => void;
}

/** A ledger forgets the settings of keys it has read once there are more. */
const MOST_KEPT = 1_000;

/** Reads and writes settings, which it keeps once read, and buckets; each method is one synchronous turn. */
export class Rates {
  readonly #sql: Sql;
  readonly #kept = new Map<string, AccountSettings | KeySettings | null>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Settings are read anew. */
  forget(): void {
    this.#kept.clear();
  }

  account(): AccountSettings {
    const { disabled, limits } = this.#settings<AccountSettings>(ACCOUNT) ?? NEW_ACCOUNT;
    // What was kept before a limit was thought of has that of a new account.
    return { disabled, limits: { ...NEW_ACCOUNT.limits, ...limits } };
  }

  key(apiKey: string): KeySettings {
    const { disabled, limits } = this.#settings<KeySettings>(apiKey) ?? NEW_KEY;
    return { disabled, limits: { ...NEW_KEY.limits, ...limits } };
  }

  /** How many event streams a key may have open at a time. */
  streams(apiKey: string): number {
    return this.key(apiKey).limits.streams ?? this.account().limits.streams;
  }

  /** Keys that have settings of their own. */
  keys(): { apiKey: string; settings: KeySettings }[] {
    return this.#sql
      .exec<{ scope: string; settings: string }>(
        "SELECT * FROM settings WHERE scope <> ? ORDER BY scope",
        ACCOUNT,
      )
      .toArray()
      .map(({ scope, settings }) => ({ apiKey: scope, settings: JSON.parse(settings) as KeySettings }));
  }

  configureAccount(settings: AccountSettings): void {
    this.#configure(ACCOUNT, settings);
  }

  configureKey(apiKey: string, settings: KeySettings): void {
    this.#configure(apiKey, settings);
  }

  #configure(scope: string, settings: AccountSettings | KeySettings): void {
    this.#kept.delete(scope);
    this.#sql.exec("INSERT OR REPLACE INTO settings VALUES (?, ?)", scope, JSON.stringify(settings));
  }

  /** Measures one request of so many pictures against the account's buckets and the key's. */
  measure(apiKey: string, pictures: number, nowMs: number): Measurement {
    const { limits } = this.account();
    const own = this.key(apiKey).limits;
    const measured = (
      [
        [ACCOUNT, "requests", limits.requestsPerMinute],
        [apiKey, "requests", own.requestsPerMinute],
        [ACCOUNT, "pictures", limits.picturesPerMinute],
        [apiKey, "pictures", own.picturesPerMinute],
      ] as const
    ).flatMap(([scope, kind, limit]) =>
      limit === null ? [] : [this.#one(scope, kind, limit, kind === "requests" ? 1 : pictures, nowMs)],
    );
    const [slowest] = measured.filter(({ after }) => after === null).sort((a, b) => b.waitMs - a.waitMs);
    return {
      untouched: tightest(measured, ({ before }) => before),
      taken: tightest(measured, ({ before, after }) => after ?? before),
      refusal: slowest
        ? { why: "rate_limit_exceeded", of: slowest.kind, retryAfterMs: slowest.waitMs }
        : null,
      take: () => {
        for (const { scope, kind, after } of measured) if (after) this.#write(scope, kind, after);
      },
    };
  }

  #one(scope: string, kind: Kind, limit: number, count: number, nowMs: number): Measured {
    const row = this.#sql
      .exec<{ level: number; atMs: number }>(
        "SELECT level, at_ms AS atMs FROM buckets WHERE scope = ? AND kind = ?",
        scope,
        kind,
      )
      .toArray()[0];
    const before = row ? refill(row, limit, nowMs) : fullBucket(limit, nowMs);
    const taken = take(before, limit, count, nowMs);
    return {
      ...{ scope, kind, limit, before },
      after: taken.kind === "taken" ? taken.bucket : null,
      waitMs: taken.kind === "short" ? taken.waitMs : 0,
    };
  }

  #write(scope: string, kind: Kind, { level, atMs }: Bucket): void {
    this.#sql.exec("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?)", scope, kind, level, atMs);
  }

  #settings<Settings extends AccountSettings | KeySettings>(scope: string): Settings | null {
    const kept = this.#kept.get(scope);
    if (kept !== undefined) return kept as Settings | null;
    const row = this.#sql
      .exec<{ settings: string }>("SELECT settings FROM settings WHERE scope = ?", scope)
      .toArray()[0];
    const settings = row ? (JSON.parse(row.settings) as Settings) : null;
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(scope, settings);
    return settings;
  }
}

/** Of the account's and the key's bucket of a kind the one with less left, which is what the caller meets first. */
function tightest(measured: readonly Measured[], pick: (one: Measured) => Bucket): Limits {
  const of = (kind: Kind): LimitState =>
    measured
      .filter((one) => one.kind === kind)
      .map((one) => stateOf(pick(one), one.limit))
      .reduce((least, one) => (one.remaining < least.remaining ? one : least));
  return { requests: of("requests"), pictures: of("pictures") };
}
