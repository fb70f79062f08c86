/** What a run of chaos came to, as lines; the last one is what a test reads. */
import { countOf, listed } from "../ledger/audit.ts";
import { quantile } from "../quantile.ts";
import { classesOf, type Outcome } from "./asking/fulfilment.ts";
import { triedAt, triedIn } from "./asking/told.ts";
import type { FaultRecord } from "./faults/record.ts";
import type { Counted } from "./flips.ts";
import { STEPS } from "./proxy/asked.ts";
import type { ChaosReport } from "./run.ts";

export function linesOf(report: ChaosReport): { lines: string[]; isGood: boolean } {
  const { outcomes, faults, findings, eachMs, calmMs, disturbedMs, flips } = report;
  const told = outcomes.filter((outcome) => outcome.told !== null);
  const equal = outcomes.filter((outcome) => outcome.isEqual);
  const doubled = outcomes.filter((outcome) => outcome.isDoubled).length;
  const problems = outcomes.flatMap((outcome) => [...outcome.problems, ...differenceOf(outcome)]);
  const tried = outcomes.flatMap(({ shown }) => triedIn(shown));
  const relaxed = told.filter(({ wish }) => wish.body.numerics === "any");
  const meanings = meaningsOf(outcomes, faults);
  const lost = outcomes.length - told.length;
  return {
    lines: [
      ...[...problems, ...findings].map((line) => `FINDING ${line}`),
      "faults, how often, and what the Worker took those at steps for:",
      ...Object.entries(faults.counts).map(
        ([name, times]) =>
          `  ${name}: ${times}${meanings.has(name) ? ` (${listed(countOf(meanings.get(name)!))})` : ""}`,
      ),
      `not to be had of the answer: ${faults.missed}`,
      `steps that failed at an endpoint and went on: ${tried.length} (${listed(countOf(tried.map(({ fault }) => fault)))})`,
      `changes of class: ${relaxed.reduce((sum, one) => sum + changesOf(one), 0)}, in ${relaxed.filter((one) => changesOf(one) > 0).length} of ${relaxed.length} generations that might`,
      `slowest of those that met one fault: ${slowest(eachMs)}`,
      `a generation takes, undisturbed: ${spread(calmMs)}; in all weathers: ${spread(disturbedMs)}`,
      `one random bit of logits: ${said(flips.logits)}; of a picture's file: ${said(flips.files)}`,
      `${outcomes.length} generations, ${told.length} completed, ${equal.length} equal to the undisturbed run, ${lost} lost, ${doubled} doubled`,
    ],
    isGood: equal.length === outcomes.length && lost + doubled + problems.length + findings.length === 0,
  };
}

const differenceOf = ({ told, isEqual, wish, what }: Outcome): string[] =>
  told && !isEqual
    ? [`${told.generation} (${what ?? wish.body.numerics}): not the pictures of an undisturbed run`]
    : [];

/** By fault: what each became in the record, `nothing` where the answer was good enough. */
function meaningsOf(outcomes: readonly Outcome[], faults: FaultRecord): Map<string, string[]> {
  const meanings = new Map<string, string[]>();
  for (const { told, shown } of outcomes) {
    if (!told || !shown) continue;
    const tried = new Map(
      shown.steps.map(({ step }) => [step, Map.groupBy(triedAt(shown, step), ({ endpoint }) => endpoint)]),
    );
    for (const { endpoint, address, fault, isDone } of faults.of(told.generation)) {
      if (!isDone || typeof address !== "number") continue;
      // A port that is shut is met by whoever asks for the step after.
      const step = fault === "refuse" ? address + 1 : address;
      if (step === STEPS) continue;
      const became = tried.get(step)?.get(endpoint)?.shift()?.fault ?? "nothing";
      meanings.set(fault, [...(meanings.get(fault) ?? []), became]);
    }
  }
  return meanings;
}

const said = ({ caught, harmless, silent }: Counted) =>
  `${caught} caught, ${harmless} changed nothing, ${silent} changed the picture unnoticed`;

function changesOf({ shown }: Outcome): number {
  const classes = shown ? classesOf(shown) : [];
  return classes.filter((numerics, k) => k > 0 && numerics !== classes[k - 1]).length;
}

const slowest = (named: ChaosReport["eachMs"]) =>
  [...named]
    .sort((a, b) => b.ms - a.ms)
    .slice(0, 5)
    .map(({ what, ms }) => `${what} ${(ms / 1000).toFixed(1)} s`)
    .join(", ");

/** Percentiles in milliseconds. */
const spread = (values: readonly number[]) =>
  `p50 ${quantile(values, 0.5).toFixed(0)} ms, p95 ${quantile(values, 0.95).toFixed(0)} ms`;
