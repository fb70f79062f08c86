/** `--check`: a set of pictures of each model against what was recorded; `--record`: records it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableOf } from "../table.ts";
import { type DrawBatch, drawAll, drawBatch } from "./draw.ts";
import { expectedOf, type Held, hold, isRecorded, readExpected, writeExpected } from "./expected.ts";
import { COLUMNS, openMeasure } from "./measure.ts";
import { progressOf } from "./progress.ts";
import { readReference } from "./reference.ts";
import { RunFolder } from "./run-folder.ts";
import type { ServedModel, Service } from "./service.ts";
import { type MeasuredSet, measureSets } from "./sets.ts";
import { batchesOf, checkPlan, type Plan } from "./settings.ts";

/** Beside the check's own. */
const RECORDED = 8;

/** @returns 0, or 1 where a model's pictures got worse, or nothing is known that they could be held to. */
export async function checkAll(service: Service, models: readonly string[]): Promise<number> {
  let worse = 0;
  for (const id of models) {
    if (!isRecorded(id)) {
      console.error(`eval: ${id} has no expected figures; npm run eval -- --record --model ${id}`);
      worse++;
      continue;
    }
    const model = await service.model(id);
    const held = await checkModel(service, model, checkPlan(model));
    console.log(`${id}\n${tableOf(held.map(shown))}`);
    const expected = await readExpected(id);
    if (expected.revision !== model.revision) {
      console.log(
        `${id}: other weights than were recorded, held to the noise over seeds alone; if they are meant, npm run eval -- --record`,
      );
    }
    worse += held.filter((one) => one.worse).length;
  }
  if (worse > 0) console.error(`eval: worse than the noise over seeds allows: ${worse} figures`);
  return worse > 0 ? 1 : 0;
}

/**
 * One set of each setting against what was recorded.
 * @param draw how; the proof draws in worse ways, and keeps the pictures in a folder.
 */
export async function checkModel(
  service: Service,
  model: ServedModel,
  plan: Plan,
  draw: DrawBatch = drawBatch,
  kept?: string,
): Promise<Held[]> {
  const expected = await readExpected(model.id);
  const folder = kept ?? mkdtempSync(join(tmpdir(), "vpg-eval-run-"));
  try {
    const measured = await drawAndMeasure(folder, service, model, plan, draw);
    return measured.flatMap(({ setting, figures }) => hold(expected, model.revision, setting.label, figures));
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function drawAndMeasure(
  folder: string,
  service: Service,
  model: ServedModel,
  plan: Plan,
  draw: DrawBatch,
): Promise<MeasuredSet[]> {
  const run = new RunFolder(folder);
  await drawAll(run, service, model, batchesOf(plan, model), draw, progressOf(model.id));
  const reference = await readReference(model.id);
  return measureSets(run, model, plan, reference.side, await openMeasure(reference));
}

/**
 * The check's own set, and some under other seeds.
 * @param folder where they are kept, and gone on with.
 */
export async function recordAll(
  service: Service,
  models: readonly string[],
  folder: string,
): Promise<number> {
  for (const id of models) {
    const model = await service.model(id);
    const plan = checkPlan(model, 1 + RECORDED);
    const measured = await drawAndMeasure(folder, service, model, plan, drawBatch);
    console.log(`written: ${await writeExpected(id, expectedOf(model.revision, plan.size, measured))}`);
  }
  return 0;
}

function shown({ setting, key, value, usual, limit, worse }: Held) {
  const figure = COLUMNS[key]!.title;
  return {
    setting,
    figure,
    value: round(value),
    usual: round(usual),
    limit: round(limit),
    "": worse ? "WORSE" : "",
  };
}

const round = (value: number) => value.toFixed(4);
