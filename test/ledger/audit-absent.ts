/** Who was cut off by a kill and never came back, having promised nothing, is not charged for what was made meanwhile. */
import type { Ended } from "./audit-generation.ts";
import type { Seen } from "./seen.ts";

/** The moments between which the server died. */
export interface Kill {
  readonly beforeMs: number;
  readonly afterMs: number;
}

/**
 * @param committedMs when each of the generation's steps was committed.
 * @param seen by all clients of the account.
 */
export function absentFindings(
  { generation, reason }: Ended,
  committedMs: readonly number[],
  seen: readonly Seen[],
  kills: readonly Kill[],
): string[] {
  const askers = seen.filter(({ outcomes }) => outcomes.some((outcome) => outcome.generation === generation));
  if (reason !== "completed" || askers.length === 0) return [];
  if (askers.some(({ errand }) => errand.idempotencyKey !== null || !errand.isAlone)) return [];
  const lastAskedMs = Math.max(...askers.map((asker) => asker.lastAskedMs));
  const finishedMs = Math.max(...committedMs);
  return kills.some(({ beforeMs, afterMs }) => lastAskedMs < beforeMs && afterMs < finishedMs)
    ? [`${generation} was finished after a kill for a client that never came back, and charged`]
    : [];
}
