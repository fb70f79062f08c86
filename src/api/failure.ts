/** What a caller is told when a generation ends without its pictures. */
import type { FailureReason } from "../generation/events.ts";
import { Refusal } from "../refusal.ts";

/** By then an endpoint that was put out of use has been tried again. */
const RETRY_AFTER_MS = 5_000;

export function failureOf(reason: FailureReason): Refusal {
  if (reason === "cancelled")
    return new Refusal("generation_failed", "The generation was stopped before its end.");
  return new Refusal(
    "no_capacity",
    "No endpoint could finish the generation; nothing was charged. Trying again is safe.",
    { retryAfterMs: RETRY_AFTER_MS },
  );
}
