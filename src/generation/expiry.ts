/** The end of a generation's keeping, by its age or its owner's wish. */
import type { Agenda } from "./agenda.ts";
import type { Journal } from "./journal.ts";
import type { Outputs } from "./outputs.ts";
import { SETTLE_AGAIN_MS } from "./times.ts";

/**
 * Forgets prompt, tokens and outputs; the record of what happened stays.
 * May be called again: the agenda's row `expire` stays until all is gone, and calls it where this one broke off.
 */
export async function expire(journal: Journal, agenda: Agenda, outputs: Outputs): Promise<void> {
  // First it is shown to nobody any more: what is half deleted must not pass for whole.
  journal.expire();
  await agenda.plan("expire", Date.now() + SETTLE_AGAIN_MS);
  await outputs.delete(journal.head()!.plan.pictures.length);
  // The receipt needs the prompt's hash.
  if (agenda.has("settle")) return;
  journal.forgetCondition();
  agenda.drop("expire");
}
