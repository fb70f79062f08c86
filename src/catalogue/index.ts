/** The models we serve, read once and checked against their schema. */
import { type Model, modelSchema } from "./model.ts";
import scenes from "./var-scenes.json" with { type: "json" };
import sprites from "./var-sprites.json" with { type: "json" };

export { type CorruptionKind, corruptionKinds, type Model, type Schedule } from "./model.ts";

/** Every model, in the order in which `GET /v1/models` lists them; the first is the default. */
export const catalogue: readonly [Model, ...Model[]] = [
  modelSchema.parse(sprites),
  modelSchema.parse(scenes),
];

/** The model of that id, or undefined. */
export function findModel(id: string): Model | undefined {
  return catalogue.find((model) => model.id === id);
}
