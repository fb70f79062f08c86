/** Figures as Markdown tables: means and noise over seeds beside the floor, and VPG against the same seeds without it. */
import { type Figures, titleOf } from "./measure.ts";
import type { Reference } from "./reference.ts";
import type { MeasuredSet } from "./sets.ts";
import type { Plan } from "./settings.ts";
import { deviation, mean } from "./spread.ts";

/** A row of figures, several seeds of each. */
export interface Row {
  readonly label: string;
  readonly sets: readonly Figures[];
}

const OTHERS = "other real pictures (floor)";
const RECONSTRUCTIONS = "their reconstructions";

/** Whether a row is of the real side. */
export const isReal = (label: string) => label === OTHERS || label === RECONSTRUCTIONS;

/** Real against other real pictures, then what the tokenizer keeps of them, then every setting. */
export function rowsOf(
  floors: Reference["floors"][string] | undefined,
  measured: readonly MeasuredSet[],
): Row[] {
  const labels = [...new Set(measured.map(({ setting }) => setting.label))];
  return [
    { label: OTHERS, sets: floors?.real ?? [] },
    { label: RECONSTRUCTIONS, sets: floors?.reconstructions ?? [] },
    ...labels.map((label) => ({
      label,
      sets: measured.filter(({ setting }) => setting.label === label).map(({ figures }) => figures),
    })),
  ].filter(({ sets }) => sets.length > 0);
}

/** Mean ± standard deviation over the sets. */
export function figureTable(rows: readonly Row[]): string {
  const keys = keysOf(rows);
  const head = ["", "sets", ...keys.map(titleOf)];
  const body = rows.map(({ label, sets }) => [
    label,
    `${sets.length}`,
    ...keys.map((key) => spread(valuesOf(sets, key))),
  ]);
  return markdown([head, ...body]);
}

/** Differences of VPG settings from the same without it, set by set: mean ± standard error; bold beyond three of them. */
export function differenceTable(plan: Plan, measured: readonly MeasuredSet[]): string {
  const guided = plan.settings.filter(({ lambda, series }) => lambda !== 0 && baseOf(plan, series));
  const keys = keysOf(rowsOf(undefined, measured));
  const body = guided.map((setting) => {
    const cells = keys.map((key) => {
      const differences = pairs(plan, measured, setting.label, setting.series, key);
      return difference(differences);
    });
    return [setting.label, ...cells];
  });
  return markdown([["against VPG off", ...keys.map(titleOf)], ...body]);
}

const baseOf = (plan: Plan, series: string) =>
  plan.settings.find((setting) => setting.series === series && setting.lambda === 0);

function pairs(
  plan: Plan,
  measured: readonly MeasuredSet[],
  label: string,
  series: string,
  key: string,
): number[] {
  const base = baseOf(plan, series)!.label;
  const at = (wanted: string, set: number) =>
    measured.find((one) => one.setting.label === wanted && one.set === set)?.figures[key];
  return Array.from({ length: plan.sets }, (_, set) => {
    const [with_, without] = [at(label, set), at(base, set)];
    return with_ === undefined || without === undefined ? Number.NaN : with_ - without;
  }).filter(Number.isFinite);
}

function difference(values: readonly number[]): string {
  if (values.length < 2) return values.map((value) => signed(value)).join("");
  const error = deviation(values) / Math.sqrt(values.length);
  const text = `${signed(mean(values))} ± ${shown(error)}`;
  return Math.abs(mean(values)) > 3 * error && error > 0 ? `**${text}**` : text;
}

const valuesOf = (sets: readonly Figures[], key: string) =>
  sets.map((figures) => figures[key]).filter((value) => value !== undefined);

const keysOf = (rows: readonly Row[]) => [
  ...new Set(rows.flatMap(({ sets }) => sets.flatMap((figures) => Object.keys(figures)))),
];

function spread(values: readonly number[]): string {
  if (values.length === 0) return "";
  return values.length === 1 ? shown(values[0]!) : `${shown(mean(values))} ± ${shown(deviation(values))}`;
}

const shown = (value: number) => value.toFixed(3);
const signed = (value: number) => `${value < 0 ? "" : "+"}${shown(value)}`;

function markdown(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head!), line(head!.map(() => "---")), ...body.map(line)].join("\n");
}
