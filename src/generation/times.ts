/** How long a generation waits for what, in milliseconds, and how often it tries (lifecycle.md). */

/** A step's row is written so long after the next step has been asked for: that has gone out by then, and steps that are faster share a write. */
export const WRITE_AFTER_MS = 4;
/** A running generation is looked after this often; so a dead one wakes within it. */
export const WATCH_MS = 5_000;
/** A stopped generation can be taken up again this long. */
export const RESUMABLE_MS = 60_000;
/** One alarm runs at most this long before it hands over to the next. */
export const ALARM_RUN_MS = 10 * 60_000;
/** Who was cut off by a crash and comes back within this is charged for what was finished meanwhile. */
export const ATTEND_WITHIN_MS = 10 * 60_000;
/** A ledger that did not answer is told again after this. */
export const SETTLE_AGAIN_MS = 5_000;
/** Wakes without a newly committed step after which it has failed through us. */
export const MAX_WAKES = 3;

/**
 * How many times faster the waits of a minute and more pass, holds among them: so that a test sees what comes after.
 * @param local whether this is somebody's own machine; elsewhere nothing is faster.
 */
export function hasteOf(local: boolean, asked: string | undefined): number {
  return local ? Math.max(1, Number(asked) || 1) : 1;
}
