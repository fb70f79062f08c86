/** Which settings a model is drawn with, how often, and under which seeds. */
import type { ServedModel } from "./service.ts";

/** Fields of a request that decide how it is sampled; what is not named is the model's default. */
export interface Sampling {
  readonly guidance_scale?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly vpg?: false | { readonly scale: number };
}

export interface Setting {
  readonly label: string;
  readonly request: Sampling;
  /** What it has in common with the setting it is compared with: all but VPG. */
  readonly series: string;
  /** VPG's scale; 0: off. */
  readonly lambda: number;
}

export interface Plan {
  readonly settings: readonly Setting[];
  /** Sets of pictures a setting, each under seeds of its own that all settings share. */
  readonly sets: number;
  /** Pictures of a set, as many of each class. */
  readonly size: number;
}

/** One request of a set. */
export interface Batch {
  readonly setting: Setting;
  readonly set: number;
  /** The class's place in the model's list. */
  readonly label: number;
  readonly prompt: string;
  readonly seed: number;
  readonly n: number;
}

/** What decides a plan. */
type Subject = Pick<ServedModel, "defaults" | "classes">;

/** VPG's scale where it is on and the model's defaults do not say one. */
const SCALE = 1;
const FULL_SCALES = [0, 0.25, 0.5, 1, 1.5, 2, 3];
const PLAIN = { temperature: 1, top_p: 1 };
/** Pictures of a set, or a little fewer: as many of each class. */
const SMALL = 300;
const LARGE = 1000;
const FIRST_SEED = 1_000_000;

const scaleOf = ({ defaults: { vpg } }: Subject) => vpg.scale || SCALE;

/** kernels/gpu/evaluation/reference.py has floors of the same sizes. */
const sizeOf = (most: number, { classes = [] }: Subject) => most - (most % classes.length);

function setting(series: string, request: Sampling, lambda: number): Setting {
  const vpg = lambda === 0 ? "VPG off" : `VPG ${lambda}`;
  return {
    label: `${series}, ${vpg}`,
    request: { ...request, vpg: lambda === 0 ? false : { scale: lambda } },
    series,
    lambda,
  };
}

/** CFG as it is by default and off, each with VPG off and on: minutes. */
export function quickPlan(model: Subject): Plan {
  const { defaults } = model;
  const scales = [0, scaleOf(model)];
  return {
    settings: [
      ...scales.map((lambda) => setting(`CFG ${defaults.guidance_scale}`, {}, lambda)),
      ...scales.map((lambda) => setting("CFG off", { guidance_scale: 0 }, lambda)),
    ],
    sets: 3,
    size: sizeOf(SMALL, model),
  };
}

/** The same, and the model's own distribution (no CFG, nothing cut), over VPG's scale: hours. */
export function fullPlan(model: Subject): Plan {
  const { defaults } = model;
  const scales = [...new Set([...FULL_SCALES, scaleOf(model)])].sort((a, b) => a - b);
  return {
    settings: [
      ...scales.map((lambda) => setting(`CFG ${defaults.guidance_scale}`, {}, lambda)),
      ...scales.map((lambda) => setting("CFG off", { guidance_scale: 0 }, lambda)),
      ...scales.map((lambda) => setting("CFG off, T 1, top-p 1", { guidance_scale: 0, ...PLAIN }, lambda)),
    ],
    sets: 5,
    size: sizeOf(LARGE, model),
  };
}

/**
 * What `--check` draws: the defaults as they are, and VPG on, or off where it is on by default; half as many then, for each
 * costs twice as much and all models together shall take minutes.
 */
export function checkPlan(model: Subject, sets = 1): Plan {
  const { scale } = model.defaults.vpg;
  const plain: Setting = { label: "defaults", request: {}, series: "defaults", lambda: scale };
  const turned = setting("defaults", {}, scale === 0 ? SCALE : 0);
  const settings = [plain, { ...turned, label: scale === 0 ? "VPG on" : "VPG off" }];
  return { settings, sets, size: sizeOf(scale === 0 ? SMALL : SMALL / 2, model) };
}

/** All requests, set by set, so that a run that is stopped has whole sets of all settings. */
export function batchesOf(
  plan: Plan,
  { classes = [], max_n: most }: Pick<ServedModel, "classes" | "max_n">,
): Batch[] {
  const each = Math.ceil(plan.size / classes.length);
  const n = Math.min(most, each);
  const requests = Math.ceil(each / n);
  const sets = Array.from({ length: plan.sets }, (_, set) => set);
  return sets.flatMap((set) =>
    plan.settings.flatMap((own) =>
      classes.flatMap((prompt, label) =>
        Array.from({ length: requests }, (_, i) => ({
          setting: own,
          set,
          label,
          prompt,
          seed: FIRST_SEED + set * 10_000 + label * 100 + i,
          n: Math.min(n, each - i * n),
        })),
      ),
    ),
  );
}
