/** GET /v1/models and /v1/models/{id}: the catalogue in OpenAI's shape, with what is ours beside it. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Caller } from "../accounts/caller.ts";
import type { Model, Schedule } from "../catalogue/index.ts";
import { Refusal } from "../refusal.ts";
import type { Fleet } from "../routing/fleet.ts";
import { offeredOf } from "../routing/offered.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { errorAnswer, modelAnswer, modelList } from "./schemas.ts";
import { servedModels } from "./served.ts";
import { anyKey } from "./spec.ts";

const list = createRoute({
  method: "get",
  path: "/v1/models",
  operationId: "listModels",
  summary: "List the models",
  description: "Those that the key may use, each with its classes, sizes, steps, limits and defaults.",
  security: anyKey,
  responses: { 200: { description: "All models.", content: { "application/json": { schema: modelList } } } },
});

const one = createRoute({
  method: "get",
  path: "/v1/models/{id}",
  operationId: "showModel",
  summary: "Show one model",
  description: "One entry of the list; a model that the key may not use is a 404.",
  security: anyKey,
  request: { params: z.object({ id: z.string().describe("a model's id, as the list has it") }) },
  responses: {
    200: { description: "The model.", content: { "application/json": { schema: modelAnswer } } },
    404: errorAnswer("No such model."),
  },
});

export function modelRoutes(app: OpenAPIHono<ApiEnv>, deps: Pick<Deps, "fleet">): void {
  app.openapi(list, (c) => {
    const models = servedModels(deps.fleet).filter((model) => mayUse(c.get("caller"), model));
    return c.json({ object: "list" as const, data: models.map((model) => answerOf(model, deps.fleet)) }, 200);
  });
  app.openapi(one, (c) => {
    const { id } = c.req.valid("param");
    const model = servedModels(deps.fleet).find((served) => served.id === id);
    if (!model || !mayUse(c.get("caller"), model))
      throw new Refusal("model_not_found", `There is no model '${id.slice(0, 80)}' here.`, { param: "id" });
    return c.json(answerOf(model, deps.fleet), 200);
  });
}

const mayUse = ({ models }: Caller, { id }: Model) => models === null || models.includes(id);

/** [t, h, w], and the bits of a token where it has any. */
const mapOf = (step: Schedule["steps"][number]) => [
  step.t,
  step.h,
  step.w,
  ...("bits" in step ? [step.bits] : []),
];

function answerOf(model: Model, fleet: Fleet) {
  const { id, created, title, family, revision, condition, schedules, formats, limits, defaults } = model;
  return {
    id,
    object: "model" as const,
    created,
    owned_by: "vpg-edge",
    title,
    family,
    revision,
    ...(condition.kind === "class"
      ? { classes: condition.classes }
      : { max_prompt_characters: condition.limits.characters }),
    sizes: [...new Set(schedules.map((schedule) => schedule.size))],
    schedules: schedules.map(({ name, steps }) => ({ name, steps: steps.map(mapOf) })),
    output_formats: formats,
    max_n: limits.pictures,
    max_tokens: limits.tokens,
    defaults,
    ...offeredOf(fleet.offers, id),
  };
}
