/** A generation's record as others see it, made from its journal. */
import type { StepRecord } from "../engine/generate.ts";
import type { Plan } from "../plan/plan.ts";
import type { FailureReason, Timing } from "./events.ts";
import type { Head, JournalRow, Status, Terms } from "./journal.ts";

export interface GenerationRecord {
  readonly id: string;
  readonly status: Status;
  readonly failure: FailureReason | null;
  readonly createdMs: number;
  readonly finishedMs: number | null;
  readonly plan: Plan;
  readonly terms: Terms;
  /** One a picture; empty before the end. */
  readonly outputs: Head["outputs"];
  /** One a committed step. */
  readonly steps: readonly (StepRecord & { readonly step: number; readonly committedMs: number })[];
}

export function describe(head: Head, rows: readonly JournalRow[]): GenerationRecord {
  const { id, status, failure, createdMs, finishedMs, plan, terms, outputs } = head;
  const steps = rows.map(({ step, record, committedMs }) => ({ step, ...record, committedMs }));
  return { id, status, failure, createdMs, finishedMs, plan, terms, outputs, steps };
}

/** The numerics classes that took part, in order of appearance, and where the time went. */
export function summarize(
  rows: readonly JournalRow[],
  decodeMs: number,
  totalMs: number,
): { numerics: string[]; timing: Timing } {
  const records = rows.map((row) => row.record);
  const stats = records.flatMap((record) => record.stats);
  const gpu = stats.reduce((sum, one) => sum + one.deviceMs, 0);
  const waited = records.reduce((sum, record) => sum + record.waitMs + record.bodyMs, 0);
  const mix = records.reduce((sum, record) => sum + record.mixMs, 0);
  /** Of a step's groups, which run at once, the one that lost most. */
  const lost = (routes: StepRecord["routes"]) =>
    Math.max(...routes.map(({ tried = [] }) => tried.reduce((sum, { ms }) => sum + ms, 0)));
  const route = records.reduce((sum, { routes }) => sum + lost(routes), 0);
  const timing = { route, gpu, wire: Math.max(0, waited - gpu), mix, decode: decodeMs, total: totalMs };
  return {
    numerics: [...new Set(stats.map((one) => one.numerics))],
    timing: Object.fromEntries(
      Object.entries(timing).map(([part, ms]) => [part, Math.round(ms * 10) / 10]),
    ) as unknown as Timing,
  };
}
