/** The benchmark's table: latencies of each subject, what it adds to the direct way, and how that compares to bare. */
import { tableOf } from "../../../scripts/table.ts";

export interface Measured {
  readonly name: string;
  /** Milliseconds of every piece of work, round by round. */
  readonly rounds: readonly (readonly number[])[];
  /** What workerd computed in each round, in milliseconds; not a number where nobody can tell. */
  readonly computedMs: readonly number[];
}

const SHARES = [0.5, 0.95, 0.99];

/** The value below which a share of all lie. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

/**
 * @param measured the direct way first, then the bare one, whose added time is the measure of the others'.
 * @returns a row a subject: latencies, added time at the same quantiles, the ratio of added medians with its least and
 *   most of a round, and processor time.
 */
export function reportOf(measured: readonly Measured[]): string {
  const [direct, bare] = measured as [Measured, Measured];
  const added = ({ rounds }: Measured, share: number, round: number | null) => {
    const of = (all: Measured["rounds"]) => quantile(round === null ? all.flat() : all[round]!, share);
    return of(rounds) - of(direct.rounds);
  };
  const ratio = (one: Measured, round: number | null) => added(one, 0.5, round) / added(bare, 0.5, round);
  return tableOf(
    measured.map((one) => {
      const all = one.rounds.flat();
      const ratios = one.rounds.map((_, round) => ratio(one, round));
      const isDirect = one === direct;
      const computedMs = one.computedMs.reduce((sum, ms) => sum + ms, 0) / all.length;
      return {
        "": one.name,
        n: all.length,
        "p50 / p95 / p99, ms": SHARES.map((share) => shown(quantile(all, share))).join(" / "),
        added: isDirect ? "" : SHARES.map((share) => shown(added(one, share, null))).join(" / "),
        "added p50 : bare's": isDirect
          ? ""
          : `${shown(ratio(one, null))} (${shown(Math.min(...ratios))} to ${shown(Math.max(...ratios))})`,
        "workerd, ms": isDirect || Number.isNaN(computedMs) ? "" : shown(computedMs),
      };
    }),
  );
}

const shown = (value: number) => (Math.abs(value) < 1_000 ? value.toPrecision(3) : value.toFixed(0));
