/** The conformance suite as a list of checks, and how they are run over a lab. */
import { frontedChecks } from "./conformance/fronted.ts";
import type { Lab } from "./conformance/lab.ts";
import { liveChecks } from "./conformance/live.ts";

export interface Check {
  readonly name: string;
  /** Why it does not apply to a lab, null where it does. */
  unless(lab: Lab): string | null;
  /** @throws when the adapter fails it */
  run(lab: Lab): Promise<void>;
}

export interface Outcome {
  readonly check: string;
  readonly result: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly note: string;
}

/** All of them, in the order they are run in. */
export const checks: readonly Check[] = [...liveChecks, ...frontedChecks];

/** Runs one after the other, so that none disturbs the clock of another. */
export async function runConformance(lab: Lab, each: (outcome: Outcome) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const check of checks) {
    const outcome = await outcomeOf(check, lab);
    each(outcome);
    outcomes.push(outcome);
  }
  return outcomes;
}

async function outcomeOf(check: Check, lab: Lab): Promise<Outcome> {
  const { name } = check;
  const reason = check.unless(lab);
  if (reason !== null) return { check: name, result: "skipped", note: reason };
  try {
    await check.run(lab);
    return { check: name, result: "passed", note: "" };
  } catch (error) {
    return { check: name, result: "failed", note: error instanceof Error ? error.message : String(error) };
  }
}
