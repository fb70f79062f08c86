/** One model's evaluation: draw, measure, and put it into tables and plots. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawAll } from "./draw.ts";
import { COLUMNS, type Measure, titleOf } from "./measure.ts";
import { plot } from "./plot.ts";
import { progressOf } from "./progress.ts";
import { type Page, publish } from "./publish.ts";
import type { Reference } from "./reference.ts";
import { differenceTable, figureTable, isReal, type Row, rowsOf } from "./report.ts";
import { type FigureLine, isOf, type RunFolder } from "./run-folder.ts";
import type { ServedModel, Service } from "./service.ts";
import { type MeasuredSet, measureSets } from "./sets.ts";
import { batchesOf, type Plan } from "./settings.ts";

interface Job {
  readonly run: RunFolder;
  readonly service: Service;
  readonly model: ServedModel;
  readonly plan: Plan;
  readonly reference: Reference;
  readonly measure: Measure;
  /** What makes it again. */
  readonly command: string;
  /** Whether docs/evaluation.md gets the result. */
  readonly publish: boolean;
  /** The interpreter that has Python's measures, or null. */
  readonly python: string | null;
}

export async function evaluate(job: Job): Promise<void> {
  const { run, service, model, plan, reference, measure } = job;
  const batches = batchesOf(plan, model);
  const pictures = plan.settings.length * plan.sets * plan.size;
  console.log(
    `${model.id}: ${plan.settings.length} settings, ${plan.sets} sets of ${plan.size}, ${pictures} pictures`,
  );
  await drawAll(run, service, model, batches, undefined, progressOf(model.id));
  let measured = await measureSets(run, model, plan, reference.side, measure);
  const floor = reference.floors[`${plan.size}`];
  let rows = rowsOf(floor, measured);
  if (job.python !== null) {
    measureWithPython(job.python, run, model.id);
    const lines = run.figures().filter(({ pictures }) => pictures === plan.size);
    measured = withOthers(measured, lines.filter(isOf(model)));
    rows = rowsOf(
      {
        real: named(lines, model, "real", floor?.real),
        reconstructions: named(lines, model, "reconstructions", floor?.reconstructions),
      },
      measured,
    );
  }
  const page = pageOf(job, rows, measured);
  console.log(`\n${page.text}\n`);
  for (const [name, svg] of page.plots) write(join(run.path, model.id, name), svg);
  write(join(run.path, model.id, "tables.md"), `${page.text}\n`);
  console.log(
    `tables, plots and raw figures: ${join(run.path, model.id)}, ${join(run.path, "figures.jsonl")}`,
  );
  if (job.publish) publish(model.id, page);
}

function pageOf(
  { run, model, plan, command }: Job,
  rows: readonly Row[],
  measured: readonly MeasuredSet[],
): Page {
  const keys = [...new Set(measured.flatMap(({ figures }) => Object.keys(figures)))];
  const plots = keys.map((key) => {
    const title = `${model.id}: ${titleOf(key)}${COLUMNS[key] ? ` (${COLUMNS[key].better} is better)` : ""}`;
    return [`${key}.svg`, plot(title, key, measured, floorOf(rows, key))] as const;
  });
  const kept = run
    .figures()
    .filter(isOf(model))
    .filter(({ pictures }) => pictures === plan.size);
  const text = [
    `${plan.sets} sets of ${plan.size} pictures a setting (mean ± standard deviation over the sets), as many of each class; set j has the same seeds under every setting. Revision ${model.revision.slice(0, 12)}. Command: \`${command}\`, seeds from 1000000.`,
    figureTable(rows),
    "VPG against the same seeds without it (mean ± standard error; bold: beyond three of them):",
    differenceTable(plan, measured),
  ].join("\n\n");
  return { text, plots, figures: kept.map((line) => JSON.stringify(line)) };
}

/** The real side's row that says how low a figure can be: patches are measured against reconstructions, all else against real ones. */
function floorOf(rows: readonly Row[], key: string): Row | undefined {
  const real = rows.filter(({ label, sets }) => isReal(label) && sets.some((figures) => key in figures));
  return key === "patch_fd" ? real.at(-1) : real[0];
}

/** Adds a line a set to the run's figures, with all measures of kernels/gpu/evaluation. */
function measureWithPython(python: string, run: RunFolder, model: string): void {
  const options = { stdio: "inherit" as const, env: { ...process.env, PYTHONPATH: "kernels/gpu" } };
  const { status } = spawnSync(python, ["-m", "evaluation", run.path, "--model", model], options);
  if (status !== 0) throw new Error(`kernels/gpu/evaluation ended with ${status}`);
}

/** Figures of the same set from several lines. */
function withOthers(measured: readonly MeasuredSet[], lines: readonly FigureLine[]): MeasuredSet[] {
  return measured.map((one) => {
    const own = lines.filter((line) => line.setting === one.setting.label && line.set === one.set);
    return { ...one, figures: Object.assign({}, ...own.map((line) => line.figures), one.figures) };
  });
}

/** Python's floors beside the kept ones. */
function named(
  lines: readonly FigureLine[],
  { id }: ServedModel,
  name: string,
  kept: readonly Record<string, number>[] = [],
): Record<string, number>[] {
  const own = lines.filter((line) => line.model === id && line.name === name);
  const count = Math.max(kept.length, own.length);
  return Array.from({ length: count }, (_, i) => ({ ...own[i]?.figures, ...kept[i] }));
}

function write(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
}
