/** The whole sets of a run: their pictures as bytes, and their figures. */
import sharp from "sharp";
import type { Figures, Measure, PictureSet } from "./measure.ts";
import { isOf, type RunFolder } from "./run-folder.ts";
import type { ServedModel } from "./service.ts";
import type { Plan, Setting } from "./settings.ts";

export interface MeasuredSet {
  readonly setting: Setting;
  readonly set: number;
  readonly figures: Figures;
}

/** Figures of every set of a plan that is whole, those that the run has not yet measured now. */
export async function measureSets(
  run: RunFolder,
  model: ServedModel,
  plan: Plan,
  side: number,
  measure: Measure,
): Promise<MeasuredSet[]> {
  const { id, revision } = model;
  const known = run.figures().filter(isOf(model));
  const drawn = run.drawn().filter(isOf(model));
  const made: MeasuredSet[] = [];
  for (let set = 0; set < plan.sets; set++) {
    for (const setting of plan.settings) {
      const { label, request, series, lambda } = setting;
      const kept = known.find(
        (line) =>
          line.setting === label && line.set === set && line.pictures === plan.size && "fd" in line.figures,
      );
      const own = drawn.filter((line) => line.setting === label && line.set === set);
      const pictures = own.flatMap((line) => line.files.map((file) => ({ file, label: line.label })));
      // Some are missing.
      if (!kept && pictures.length < plan.size) continue;
      const figures = kept?.figures ?? (await measure(await load(run, pictures, side)));
      made.push({ setting, set, figures });
      if (kept) continue;
      run.add({
        model: id,
        revision,
        setting: label,
        request,
        series,
        lambda,
        set,
        pictures: plan.size,
        figures,
      });
    }
  }
  return made;
}

async function load(
  run: RunFolder,
  pictures: readonly { readonly file: string; readonly label: number }[],
  side: number,
): Promise<PictureSet> {
  const bytes = new Uint8Array(pictures.length * 3 * side * side);
  for (const [i, { file }] of pictures.entries()) {
    bytes.set(await planesOf(run.picture(file), side), i * 3 * side * side);
  }
  return { pictures: bytes, labels: pictures.map(({ label }) => label) };
}

/** A file's pixels, colour by colour. */
async function planesOf(file: Uint8Array, side: number): Promise<Uint8Array> {
  const { data, info } = await sharp(file).removeAlpha().toColourspace("srgb").raw().toBuffer({
    resolveWithObject: true,
  });
  if (info.width !== side || info.height !== side || info.channels !== 3) {
    throw new Error(`a picture is ${info.width} x ${info.height}, not ${side} x ${side}`);
  }
  const planes = new Uint8Array(data.length);
  const area = side * side;
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) planes[c * area + i] = data[3 * i + c]!;
  return planes;
}
