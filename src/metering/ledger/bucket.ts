/** A token bucket in whole numbers: as large as a minute's limit, refilled continuously. */

const MINUTE_MS = 60_000;

/** `level` counts 1/60,000 of a token, of which one a millisecond and token of the limit flows in. */
export interface Bucket {
  readonly level: number;
  readonly atMs: number;
}

export type Taken =
  | { readonly kind: "taken"; readonly bucket: Bucket }
  /** Not enough in it; when there could be. */
  | { readonly kind: "short"; readonly waitMs: number };

/** A bucket that nobody has taken from. */
export function fullBucket(limit: number, nowMs: number): Bucket {
  return { level: limit * MINUTE_MS, atMs: nowMs };
}

/**
 * The bucket as it stands now: what has flowed in since, never more than the limit, even where that was lowered.
 * A clock that goes back takes nothing away and gives nothing twice.
 */
export function refill({ level, atMs }: Bucket, limit: number, nowMs: number): Bucket {
  const elapsed = Math.min(Math.max(0, nowMs - atMs), MINUTE_MS);
  return { level: Math.min(level + elapsed * limit, limit * MINUTE_MS), atMs: Math.max(atMs, nowMs) };
}

/**
 * Takes `count` tokens, all or none.
 * What is larger than the whole bucket never fits; its wait is that for a full one.
 */
export function take(bucket: Bucket, limit: number, count: number, nowMs: number): Taken {
  const { level, atMs } = refill(bucket, limit, nowMs);
  const cost = count * MINUTE_MS;
  if (cost <= level) return { kind: "taken", bucket: { level: level - cost, atMs } };
  const missing = Math.min(cost, limit * MINUTE_MS) - level;
  return { kind: "short", waitMs: Math.max(1, Math.ceil(missing / limit)) };
}

/** Whole tokens left, and how long until it is full again. */
export function stateOf(
  { level }: Bucket,
  limit: number,
): { limit: number; remaining: number; resetMs: number } {
  return {
    limit,
    remaining: Math.floor(level / MINUTE_MS),
    resetMs: Math.ceil((limit * MINUTE_MS - level) / limit),
  };
}
