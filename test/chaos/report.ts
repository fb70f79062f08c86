/** What a run of chaos came to, as lines; the last one is what a test reads. */
import { countOf } from "../ledger/audit.ts";
import { classesOf, type Outcome } from "./asking/fulfilment.ts";
import type { Counted } from "./flips.ts";
import type { ChaosReport } from "./run.ts";

export function linesOf(report: ChaosReport): { lines: string[]; isGood: boolean } {
  const { outcomes, faults, findings, calmMs, disturbedMs, flips } = report;
  const told = outcomes.filter((outcome) => outcome.told !== null);
  const equal = outcomes.filter((outcome) => outcome.isEqual);
  const doubled = outcomes.filter((outcome) => outcome.isDoubled).length;
  const problems = outcomes.flatMap((outcome) => outcome.problems);
  const tried = outcomes.flatMap(({ shown }) =>
    (shown?.steps ?? []).flatMap(({ routes }) => routes.flatMap((route) => route.tried ?? [])),
  );
  const relaxed = told.filter(({ wish }) => wish.body.numerics === "any");
  const lost = outcomes.length - told.length;
  return {
    lines: [
      ...[...problems, ...findings].map((line) => `FINDING ${line}`),
      "faults:",
      ...Object.entries(faults.counts).map(([name, times]) => `  ${name}: ${times}`),
      `not to be had of the answer: ${faults.missed}`,
      `steps that failed at an endpoint and went on: ${tried.length} (${listed(countOf(tried.map(({ fault }) => fault)))})`,
      `changes of class: ${relaxed.reduce((sum, one) => sum + changesOf(one), 0)}, in ${relaxed.filter((one) => changesOf(one) > 0).length} of ${relaxed.length} generations that might`,
      `a generation takes, undisturbed: ${spread(calmMs)}; in all weathers: ${spread(disturbedMs)}`,
      `one random bit of logits: ${said(flips.logits)}; of a picture's file: ${said(flips.files)}`,
      `${outcomes.length} generations, ${told.length} completed, ${equal.length} equal to the undisturbed run, ${lost} lost, ${doubled} doubled`,
    ],
    isGood: equal.length === outcomes.length && lost + doubled + problems.length + findings.length === 0,
  };
}

const said = ({ caught, harmless, silent }: Counted) =>
  `${caught} caught, ${harmless} changed nothing, ${silent} changed the picture unnoticed`;

function changesOf({ shown }: Outcome): number {
  const classes = shown ? classesOf(shown) : [];
  return classes.filter((numerics, k) => k > 0 && numerics !== classes[k - 1]).length;
}

const listed = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([what, times]) => `${times} ${what}`)
    .join(", ");

/** Percentiles in milliseconds. */
function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return `p50 ${at(0.5)?.toFixed(0)} ms, p95 ${at(0.95)?.toFixed(0)} ms`;
}
