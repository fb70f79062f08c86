/** What a generation must not forget: its plan, one row a committed step, its events. */
import type { StepRecord } from "../engine/generate.ts";
import type { StepTokens } from "../engine/prefix.ts";
import type { Receipt } from "../metering/receipt/schema.ts";
import type { Plan } from "../plan/plan.ts";
import { Agenda } from "./agenda.ts";
import type { FailureReason, GenerationEvent } from "./events.ts";

/** `stopped`: the client hung up; goes on when someone listens again within a minute. */
export type Status = "running" | "stopped" | "completed" | "failed" | "cancelled" | "expired";

/** Whose a generation is, and what was agreed at its start. */
export interface Terms {
  readonly account: string;
  readonly project: string;
  readonly apiKey: string;
  /** What happens when the last listener hangs up. */
  readonly hangUp: "stop" | "finish";
  /** Whether the request said that it would be back, so that it is charged whoever is there at the end. */
  readonly comesBack: boolean;
}

export interface Head {
  readonly id: string;
  readonly digest: string;
  /** Without its condition once expired. */
  readonly plan: Plan;
  readonly terms: Terms;
  readonly status: Status;
  readonly failure: FailureReason | null;
  readonly createdMs: number;
  readonly finishedMs: number | null;
  /** Grows with every run; a row is written only under the newest. */
  readonly epoch: number;
  /** Wakes since the last committed step. */
  readonly wakes: number;
  /** False until somebody comes, and once a crash has cut off whoever listened. */
  readonly attended: boolean;
  /** One a picture; empty before the end. */
  readonly outputs: Receipt["outputs"];
}

/** Whether it has not ended: it runs, or can be taken up again. */
export const isLive = ({ status }: Pick<Head, "status">): boolean =>
  status === "running" || status === "stopped";

export interface JournalRow {
  readonly step: number;
  readonly record: StepRecord;
  readonly committedMs: number;
}

const TABLES = `
  CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 0), id TEXT NOT NULL, digest TEXT NOT NULL, plan TEXT NOT NULL,
    terms TEXT NOT NULL, status TEXT NOT NULL, failure TEXT, created_ms INTEGER NOT NULL, finished_ms INTEGER,
    epoch INTEGER NOT NULL, wakes INTEGER NOT NULL, attended INTEGER NOT NULL, outputs TEXT NOT NULL);
  CREATE TABLE journal (step INTEGER PRIMARY KEY, tokens BLOB, record TEXT NOT NULL, committed_ms INTEGER NOT NULL);
  CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL);
  ${Agenda.TABLE}
`;

type HeadRow = {
  id: string;
  digest: string;
  plan: string;
  terms: string;
  status: Status;
  failure: FailureReason | null;
  created_ms: number;
  finished_ms: number | null;
  epoch: number;
  wakes: number;
  attended: number;
  outputs: string;
};

/** What of the head changes after its start. */
type Changes = Partial<
  Pick<Head, "status" | "failure" | "finishedMs" | "epoch" | "wakes" | "attended" | "outputs">
>;

/**
 * Reads and writes the object's SQLite; every method is one synchronous turn. What it has read or written it keeps, for
 * nobody else writes there: an object whose write fails is thrown away, and this with it.
 */
export class Journal {
  readonly #sql: SqlStorage;
  #head: Head | null = null;
  #rows: JournalRow[] | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The head row, or null where the object was never started. */
  head(): Head | null {
    this.#head ??= this.#has("head") ? this.#read() : null;
    return this.#head;
  }

  #read(): Head {
    const row = this.#sql.exec<HeadRow>("SELECT * FROM head").one();
    const { plan, terms, created_ms, finished_ms, attended, outputs, ...rest } = row;
    return {
      ...rest,
      plan: JSON.parse(plan) as Plan,
      terms: JSON.parse(terms) as Terms,
      createdMs: created_ms,
      finishedMs: finished_ms,
      attended: attended === 1,
      outputs: JSON.parse(outputs) as Receipt["outputs"],
    };
  }

  create(id: string, digest: string, plan: Plan, terms: Terms, nowMs: number): void {
    this.#sql.exec(TABLES);
    this.#sql.exec(
      "INSERT INTO head VALUES (0, ?, ?, ?, ?, 'running', NULL, ?, NULL, 0, 0, 0, '[]')",
      id,
      digest,
      JSON.stringify(plan),
      JSON.stringify(terms),
      nowMs,
    );
    this.#head = {
      ...{ id, digest, plan, terms, status: "running", failure: null, createdMs: nowMs, finishedMs: null },
      ...{ epoch: 0, wakes: 0, attended: false, outputs: [] },
    };
    this.#rows = [];
  }

  /** Whether the object was given up before it was started. */
  get isVoid(): boolean {
    return this.#has("void");
  }

  /** Gives the object up: from now on no start is taken. */
  makeVoid(): void {
    this.#sql.exec("CREATE TABLE IF NOT EXISTS void (one INTEGER)");
  }

  #has(table: string): boolean {
    return this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", table).toArray().length > 0;
  }

  /** One statement for all of them: a new object has to make each of its own. */
  #change(changes: Changes): Head {
    const head = { ...this.head()!, ...changes };
    const { status, failure, finishedMs, epoch, wakes, attended, outputs } = head;
    this.#sql.exec(
      "UPDATE head SET status = ?, failure = ?, finished_ms = ?, epoch = ?, wakes = ?, attended = ?, outputs = ?",
      ...[status, failure, finishedMs, epoch, wakes, attended ? 1 : 0, JSON.stringify(outputs)],
    );
    this.#head = head;
    return head;
  }

  setAttended(attended: boolean): void {
    this.#change({ attended });
  }

  setOutputs(outputs: Receipt["outputs"]): void {
    this.#change({ outputs });
  }

  /** Opens a run: the epoch under which its rows are written. */
  beginEpoch(): number {
    return this.#change({ epoch: this.head()!.epoch + 1 }).epoch;
  }

  /** Counts a wake; returns how many there were since the last committed step. */
  countWake(): number {
    return this.#change({ wakes: this.head()!.wakes + 1 }).wakes;
  }

  setStatus(status: Status, failure: FailureReason | null, finishedMs: number | null): void {
    this.#change({ status, failure, finishedMs });
  }

  /**
   * Makes a step final.
   * @throws Error when another run has taken over, or the step is not the next one.
   */
  commit(epoch: number, step: number, tokens: StepTokens, record: StepRecord, nowMs: number): void {
    const rows = this.#allRows();
    const { rowsWritten } = this.#sql.exec(
      `INSERT INTO journal SELECT ?1, ?2, ?3, ?4 FROM head
        WHERE epoch = ?5 AND (SELECT count(*) FROM journal) = ?1`,
      ...[step, joined(tokens), JSON.stringify(record), nowMs, epoch],
    );
    const head = this.head()!;
    if (rowsWritten === 0) {
      if (head.epoch !== epoch) throw new Error(`journal: run ${epoch} was taken over by run ${head.epoch}`);
      throw new Error(`journal: step ${step} is not the next one, ${rows.length}`);
    }
    rows.push({ step, record, committedMs: nowMs });
    if (head.wakes > 0) this.#change({ wakes: 0 });
  }

  /** Committed tokens in order, split over the pictures again. */
  committed(pictures: number): StepTokens[] {
    if (this.committedSteps() === 0) return [];
    return this.#sql
      .exec<{ tokens: ArrayBuffer }>("SELECT tokens FROM journal WHERE tokens IS NOT NULL ORDER BY step")
      .toArray()
      .map(({ tokens }) => {
        const size = tokens.byteLength / pictures;
        return Array.from({ length: pictures }, (_, i) => new Uint8Array(tokens, i * size, size));
      });
  }

  /** One a committed step, in order. */
  rows(): readonly JournalRow[] {
    return this.#allRows();
  }

  #allRows(): JournalRow[] {
    this.#rows ??= this.#sql
      .exec<{ step: number; record: string; committed_ms: number }>(
        "SELECT step, record, committed_ms FROM journal ORDER BY step",
      )
      .toArray()
      .map(({ step, record, committed_ms }) => ({
        step,
        record: JSON.parse(record) as StepRecord,
        committedMs: committed_ms,
      }));
    return this.#rows;
  }

  /** Appends to the event log; returns the event's id. */
  log(event: GenerationEvent): number {
    return this.#sql
      .exec<{ id: number }>("INSERT INTO events (event) VALUES (?) RETURNING id", JSON.stringify(event))
      .one().id;
  }

  /** Events after `id`, in order. */
  eventsAfter(id: number): { id: number; event: GenerationEvent }[] {
    return this.#sql
      .exec<{ id: number; event: string }>("SELECT id, event FROM events WHERE id > ? ORDER BY id", id)
      .toArray()
      .map((row) => ({ id: row.id, event: JSON.parse(row.event) as GenerationEvent }));
  }

  /** How many steps are final. */
  committedSteps(): number {
    return this.rows().length;
  }

  /** Forgets the prompt. */
  forgetCondition(): void {
    this.#sql.exec("UPDATE head SET plan = json_remove(plan, '$.condition')");
    this.#head = null;
  }

  /** Forgets tokens and events, and shows no outputs any more. */
  expire(): void {
    this.#change({ status: "expired" });
    this.#sql.exec("UPDATE journal SET tokens = NULL");
    this.#sql.exec("DELETE FROM events");
  }
}

function joined(tokens: StepTokens): Uint8Array {
  const all = new Uint8Array(tokens.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of tokens) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}
