/** The benchmark's table: latencies of each subject, what it adds to the direct way, and how that compares to bare. */
import { tableOf } from "../../../scripts/table.ts";

/** Milliseconds of every piece of work, in rounds, by subject; the first is the direct way. */
export type Latencies = ReadonlyMap<string, readonly (readonly number[])[]>;

const SHARES = [0.5, 0.95, 0.99];

/** The value below which a share of all lie. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

/**
 * @param bare the subject whose added time is the measure of the others'.
 * @returns a row a subject: latencies, added time at the same quantiles, and the ratio of added medians with its least
 *   and most of a round.
 */
export function reportOf(latencies: Latencies, bare: string): string {
  const [direct] = latencies.values();
  const addedBy = (name: string, round: number | null, share: number) => {
    const of = (rounds: readonly (readonly number[])[]) =>
      quantile(round === null ? rounds.flat() : rounds[round]!, share);
    return of(latencies.get(name)!) - of(direct!);
  };
  const ratioOf = (name: string, round: number | null) =>
    addedBy(name, round, 0.5) / addedBy(bare, round, 0.5);
  const rows = [...latencies].map(([name, rounds]) => {
    const isDirect = rounds === direct;
    const ratios = rounds.map((_, round) => ratioOf(name, round));
    return {
      "": name,
      n: rounds.flat().length,
      "p50 / p95 / p99, ms": SHARES.map((share) => shown(quantile(rounds.flat(), share))).join(" / "),
      added: isDirect ? "" : SHARES.map((share) => shown(addedBy(name, null, share))).join(" / "),
      "added p50 : bare's": isDirect
        ? ""
        : `${shown(ratioOf(name, null))} (${shown(Math.min(...ratios))} to ${shown(Math.max(...ratios))})`,
    };
  });
  return tableOf(rows);
}

const shown = (value: number) => value.toPrecision(3).replace(/e\+2$/, "00");
