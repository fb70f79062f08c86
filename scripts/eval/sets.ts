/** The whole sets of a run: their pictures as bytes, and their figures. */
import sharp from "sharp";
import type { Figures, Measure, PictureSet } from "./measure.ts";
import type { RunFolder } from "./run-folder.ts";
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
  const known = run.figures().filter((line) => line.model === id && line.revision === revision);
  const made: MeasuredSet[] = [];
  for (let set = 0; set < plan.sets; set++) {
    for (const setting of plan.settings) {
      const { label, request, series, lambda } = setting;
      const kept = known.find(
        (line) =>
          line.setting === label && line.set === set && line.pictures === plan.size && "fd" in line.figures,
      );
      const figures = kept?.figures ?? (await figuresOf(run, model, setting, set, plan.size, side, measure));
      if (figures === null) continue;
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

/** Null where pictures are missing. */
async function figuresOf(
  run: RunFolder,
  { id, revision }: ServedModel,
  { label }: Setting,
  set: number,
  size: number,
  side: number,
  measure: Measure,
): Promise<Figures | null> {
  const lines = run
    .drawn()
    .filter((line) => line.model === id && line.revision === revision)
    .filter((line) => line.setting === label && line.set === set);
  const pictures = lines.flatMap((line) => line.files.map((file) => ({ file, label: line.label })));
  if (pictures.length < size) return null;
  return measure(await load(run, pictures, side));
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
