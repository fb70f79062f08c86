/** What a generation owes at its end, and to whom that is said: lifecycle.md, "Money" and "Losing the client". */
import type { EndReason, HoldEnd, HoldState } from "../metering/hold.ts";
import { chargeOf } from "../plan/price.ts";
import type { Agenda } from "./agenda.ts";
import { type Head, isLive, type Journal } from "./journal.ts";
import type { GenerationPorts } from "./ports.ts";
import { describe, type GenerationRecord } from "./record.ts";
import { ATTEND_WITHIN_MS, SETTLE_AGAIN_MS } from "./times.ts";

/**
 * Tells the account's ledger how a generation ended; rejects where it could not be told.
 * @returns how it stands there, which is what was said first; null: it knows no such hold.
 */
export type Settle = (end: HoldEnd, record: GenerationRecord) => Promise<EndReason | null>;

/** Keeps at it until the ledger knows: the agenda's row `settle` stays until then. */
export class Settlement {
  readonly #journal: Journal;
  readonly #agenda: Agenda;
  readonly #settle: Settle;
  readonly #attendWithinMs: number;

  constructor(
    journal: Journal,
    agenda: Agenda,
    { settle, haste }: Pick<GenerationPorts, "settle" | "haste">,
  ) {
    this.#journal = journal;
    this.#agenda = agenda;
    this.#settle = settle;
    this.#attendWithinMs = ATTEND_WITHIN_MS / haste;
  }

  /** How a started generation stands, for the ledger that asks. */
  state(): HoldState {
    const end = this.#end();
    return end ? { kind: "ended", end } : { kind: "live" };
  }

  /** Tells the ledger, or notes when to try again. */
  async tell(): Promise<void> {
    const head = this.#journal.head()!;
    const end = this.#end();
    if (!end) return this.#agenda.note("settle", this.#attendedUntil(head));
    try {
      const reason = await this.#settle(end, describe(head, this.#journal.rows()));
      this.#agenda.drop("settle");
      // What was given back is gone: nobody gets for nothing what they stayed away from until it cost nothing.
      if (reason === "unattended") this.#agenda.note("expire", Date.now());
    } catch (error) {
      console.error(`${head.id} settlement: ${error instanceof Error ? error.message : String(error)}`);
      // Another telling may have succeeded meanwhile.
      if (this.#agenda.has("settle")) this.#agenda.note("settle", Date.now() + SETTLE_AGAIN_MS);
    }
  }

  /** Somebody is there: what was finished for nobody is theirs, and due. */
  async attend(): Promise<void> {
    this.#journal.setAttended(true);
    if (this.#agenda.has("settle")) await this.#agenda.plan("settle", Date.now());
  }

  #end(): HoldEnd | null {
    const head = this.#journal.head()!;
    return endOf(head, this.#journal.committedSteps(), Date.now() >= this.#attendedUntil(head));
  }

  /** Until when somebody may come back for a finished generation that nobody attends. */
  #attendedUntil({ finishedMs }: Head): number {
    return (finishedMs ?? 0) + this.#attendWithinMs;
  }
}

/**
 * How a generation ended, or null while it has not: still running or resumable, or finished with nobody there.
 * @param committed steps that are final.
 * @param late nobody may come back for it any more.
 */
function endOf(head: Head, committed: number, late: boolean): HoldEnd | null {
  const { id, terms, status, plan, failure } = head;
  if (isLive(head)) return null;
  const finished = status === "completed" || (status === "expired" && failure === null);
  const attended = head.attended || terms.comesBack;
  if (finished && !attended && !late) return null;
  const reason = finished ? (attended ? "completed" : "unattended") : (failure ?? "failed");
  const steps = reason === "completed" || reason === "cancelled" ? committed : 0;
  const tokens = plan.steps.slice(0, steps).reduce((sum, { length }) => sum + length, 0);
  return {
    account: terms.account,
    generation: id,
    reason: reason === "endpoint_failed" ? "failed" : reason,
    charge: chargeOf(plan, steps),
    usage: {
      pictures: reason === "completed" ? plan.pictures.length : 0,
      steps,
      tokens: tokens * plan.pictures.length,
      size: plan.size,
    },
  };
}
