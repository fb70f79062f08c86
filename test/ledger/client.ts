/** One client on its errand: asks, is cut off, asks again, hangs up, cancels; and notes all that it is told. */
import type { Party } from "./accounts.ts";
import { Attempt } from "./attempt.ts";
import type { Errand } from "./errand.ts";
import { nothingSeen, type Outcome, type Seen } from "./seen.ts";
import type { Server } from "./server.ts";

/** Statuses after which clients ask again. */
const RETRIED = new Set([409, 429, 500, 503]);
const PAUSE_MS = 200;

/** Runs an errand to its end, through as many lives of the server as it takes. */
export async function runErrand(server: Server, party: Party, errand: Errand): Promise<Seen> {
  const seen = nothingSeen(errand, party.account);
  await pause(errand.afterMs);
  if (errand.asksPrice) await new Attempt(server, party, errand, seen).askPrice();
  await Promise.all(errand.isTwin ? [persist(), persist()] : [persist()]);
  const served = seen.outcomes.find((outcome) => outcome.kind === "served");
  if (served && errand.asksAgain) await persist();
  if (served && errand.deletes) await new Attempt(server, party, errand, seen).delete(served.generation);
  return seen;

  async function persist(): Promise<void> {
    const attempt = new Attempt(server, party, errand, seen);
    for (let tries = 0; tries <= errand.patience; tries++) {
      if (tries > 0) await pause(PAUSE_MS);
      await server.up;
      const outcome = await attempt.once(tries);
      seen.outcomes.push(outcome);
      if (isFinal(outcome)) return;
    }
  }
}

const isFinal = (outcome: Outcome) =>
  outcome.kind === "refused" ? !RETRIED.has(outcome.status) : outcome.kind !== "broken";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
