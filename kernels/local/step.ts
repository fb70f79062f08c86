/** One step of one picture: its rows, each by itself, from the cache or replayed, to the guided pair. */
import type { Corruption } from "./corruption.ts";
import { guide, interleave } from "./guide.ts";
import { type Model, stepCount, stepLength } from "./model.ts";
import type { Pool } from "./pool.ts";
import type { PrefixCache, State } from "./prefix-cache.ts";
import { type Row, rowInput, stateNames } from "./row.ts";

export interface PictureStep {
  readonly k: number;
  /** All tokens of the steps before k. */
  readonly prefix: Uint16Array;
  readonly label: number;
  /** Strengths of steps 0..k. */
  readonly guidance: Float32Array;
  /** Null: no corrupted branch. */
  readonly corruption: Corruption | null;
  readonly prefixKey: string;
}

interface PictureLogits {
  /** Guided and shifted, [L_k, V] a branch. */
  readonly branches: readonly Float32Array[];
  /** FP16 [L_k, B, V]. */
  readonly pairs: Uint8Array;
  readonly deviceMs: number;
  readonly cache: "hit" | "miss";
}

/** What a step runs on. */
export interface Engine {
  readonly model: Model;
  readonly pool: Pool;
  readonly cache: PrefixCache;
}

interface RowLogits {
  readonly logits: Float32Array;
  readonly hit: boolean;
  readonly ms: number;
}

/**
 * @param engine what to run on
 * @param picture what to run
 * @param signal aborted: nothing more is started
 * @returns its pair; the same bits whatever the cache holds and whatever else runs
 */
export async function runStep(
  engine: Engine,
  picture: PictureStep,
  signal: AbortSignal,
): Promise<PictureLogits> {
  const { vocabulary, classes } = engine.model;
  const guided = picture.guidance.some((strength) => strength !== 0);
  const corrupted = picture.corruption !== null && picture.k > 0;
  const labels = guided ? [picture.label, classes.length] : [picture.label];
  const rows = (corrupted ? [null, picture.corruption] : [null]).flatMap((corruption) =>
    labels.map((label) => runRow(engine, { label, corruption }, picture, signal)),
  );
  const done = await Promise.all(rows);
  const strength = picture.guidance[picture.k]!;
  const branches = corrupted ? [0, 1] : [0];
  const logits = branches.map((b) => {
    const [conditional, unconditional] = done.slice(b * labels.length, (b + 1) * labels.length);
    return guide(conditional!.logits, unconditional?.logits ?? null, strength, vocabulary);
  });
  return {
    branches: logits,
    pairs: interleave(logits, vocabulary),
    deviceMs: done.reduce((sum, row) => sum + row.ms, 0),
    // An empty prefix finds nothing and misses nothing; it counts as a miss, because nothing was saved.
    cache: picture.k > 0 && done.every((row) => row.hit) ? "hit" : "miss",
  };
}

/** A row's logits at step k; steps whose state is missing are run again first, each in the shapes it always has. */
async function runRow(
  engine: Engine,
  row: Row,
  picture: PictureStep,
  signal: AbortSignal,
): Promise<RowLogits> {
  const { model, pool, cache } = engine;
  const { k, prefix, prefixKey } = picture;
  const names = stateNames(model, row, prefix, prefixKey, k);
  const found = cache.find(names.slice(0, k));
  const past: State[] = [];
  let ms = 0;
  const run = async (j: number) => {
    const input = { ...rowInput(model, row, prefix, j), ...join(model, past) };
    const { output, ms: taken } = await pool.step(model, input, signal);
    ms += taken;
    if (j + 1 < stepCount(model.schedule))
      cache.keep(names[j]!, { keys: output.keys, values: output.values });
    return output;
  };
  for (let j = 0; j < k; j++) past.push(found[j] ?? (await run(j)));
  const { logits } = await run(k);
  return { logits, hit: found.every((state) => state !== undefined), ms };
}

/** The states of steps 0, 1, .. as one past: [blocks, 1, heads, L_<k, width]. */
function join(model: Model, states: readonly State[]): { pastKeys: Float32Array; pastValues: Float32Array } {
  const { blocks, heads, width } = model.state;
  const maps = blocks * heads;
  const all = model.schedule.bounds[states.length]! * width;
  const pastKeys = new Float32Array(maps * all);
  const pastValues = new Float32Array(maps * all);
  for (const [j, { keys, values }] of states.entries()) {
    const own = stepLength(model.schedule, j) * width;
    const at = model.schedule.bounds[j]! * width;
    for (let map = 0; map < maps; map++) {
      pastKeys.set(keys.subarray(map * own, (map + 1) * own), map * all + at);
      pastValues.set(values.subarray(map * own, (map + 1) * own), map * all + at);
    }
  }
  return { pastKeys, pastValues };
}
