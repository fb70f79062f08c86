/** Catalogue entries of small models with random weights: who they are, as a served folder's model.json says it, and settings. */
import { type Model, modelSchema } from "../src/catalogue/model.ts";

type Family = "infinity" | "infinitystar";

/** The files' settings of the model that is drawn with: those of the family's published one. */
const settings = {
  infinity: {
    condition: { kind: "text", limits: { characters: 2000 } },
    guidance: { formula: "linear", max: 20 },
    temperature_at: "edge",
    formats: ["png", "webp", "jpeg"],
    defaults: {
      source: "Infinity 2B's own script (cfg 4, tau 0.5, top_k 900, top_p 0.97); VPG's for that model",
      guidance_scale: 4,
      temperature: 0.5,
      top_k: 900,
      top_p: 0.97,
      vpg: { scale: 0.2, schedule: "constant", corruption: { ratio: 0.1, kind: "embedding" } },
    },
  },
  infinitystar: {
    condition: { kind: "text", limits: { characters: 2000 } },
    guidance: { formula: "normalised", max: 100 },
    temperature_at: "endpoint",
    formats: ["mp4", "png", "webp", "jpeg"],
    defaults: {
      source:
        "InfinityStar 8B's own script (cfg 34, tau 1 and 0.4, neither top-k nor top-p); VPG's for that model",
      guidance_scale: 34,
      temperature: { image: 1, video: 0.4 },
      top_k: 0,
      top_p: 1,
      vpg: { scale: 0.25, schedule: "constant", corruption: { ratio: 0.05, kind: "embedding" } },
    },
  },
} as const;

/** What a served folder's model.json says. */
export interface Described {
  readonly id: string;
  readonly family: Family;
  readonly revision: string;
  readonly tokens: "bitwise";
  readonly schedules: readonly unknown[];
}

/** The catalogue's entry of a model so described. */
export function catalogueEntry(described: Described): Model {
  return modelSchema.parse({
    ...described,
    created: 1795478400,
    title: "Random weights: what it draws is noise",
    price: { version: "2026-11-24", step: 50, token: 3 },
    limits: { pictures: 4, batch: 4, tokens: 2000 },
    ...settings[described.family],
  });
}

type Map = readonly [t: number, h: number, w: number, bits: number];

const steps = (maps: readonly Map[], repetitions = 1) =>
  maps.flatMap(([t, h, w, bits]) => Array.from({ length: repetitions }, () => ({ t, h, w, bits })));

/** Square maps of 12 bits a token: two bytes, four bits of them unused. */
export const smallInfinity = catalogueEntry({
  id: "infinity-small",
  family: "infinity",
  revision: "1".repeat(64),
  tokens: "bitwise",
  schedules: [
    { name: "small/1:1", size: "64x64", steps: steps([1, 2, 4].map((side) => [1, side, side, 12])) },
    { name: "small/2:1", size: "96x48", steps: steps([1, 2, 3].map((side) => [1, side, 2 * side, 12])) },
  ],
});

const picture = steps(
  [
    [1, 1, 1, 4],
    [1, 2, 3, 4],
    [1, 3, 5, 20],
  ],
  2,
);
const clip = steps(
  [
    [2, 1, 1, 4],
    [2, 2, 3, 4],
    [2, 3, 5, 20],
  ],
  2,
);
const lasting = (seconds: number) => ({ size: "80x48", frames: 8 * seconds + 1, fps: 8 });

/** Scales of 4 and of 20 bits a token, each run twice; a first picture, then clips of two latent frames. */
export const smallInfinityStar = catalogueEntry({
  id: "infinitystar-small",
  family: "infinitystar",
  revision: "2".repeat(64),
  tokens: "bitwise",
  schedules: [
    { name: "small/5:3/1s", ...lasting(1), steps: [...picture, ...clip] },
    { name: "small/5:3/2s", ...lasting(2), steps: [...picture, ...clip, ...clip] },
    { name: "small/5:3/0s", ...lasting(0), steps: picture },
  ],
});
