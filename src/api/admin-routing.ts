/** /v1/admin/routes: the operator sees which endpoints could serve a model, which are asked and why, and drains or prices them. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { numericsOf } from "../generation/routing.ts";
import { quote } from "../plan/quote.ts";
import { routingOf } from "../plan/routing.ts";
import { Refusal } from "../refusal.ts";
import type { RoutingTerms } from "../routing/terms.ts";
import { refuseNoBody } from "./body.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { servedModels } from "./served.ts";

const json = <Schema extends z.ZodType>(schema: Schema) => ({ "application/json": { schema } });
const money = z.number().min(0).max(1e12);
const answers = {
  200: {
    description: "Done.",
    content: json(
      z.object({ object: z.literal("list"), data: z.array(z.looseObject({ model: z.string() })) }),
    ),
  },
};

const show = createRoute({
  method: "get",
  path: "/v1/admin/routes",
  hide: true,
  request: {
    query: z.strictObject({
      model: z.string().optional(),
      route: z.enum(["fastest", "balanced", "cheapest"]).optional(),
      region: z.string().optional(),
      numerics: z.string().optional(),
    }),
  },
  responses: answers,
});

const change = createRoute({
  method: "patch",
  path: "/v1/admin/routes/{provider}",
  hide: true,
  middleware: refuseNoBody,
  request: {
    params: z.object({ provider: z.string() }),
    body: {
      required: true,
      content: json(
        z
          .strictObject({
            drained: z.boolean().optional(),
            /** Null: its config's again. */
            price: z.strictObject({ second: money, gigabyte: money }).nullish(),
          })
          .refine(({ drained, price }) => drained !== undefined || price !== undefined, {
            error: "drained or price: one of them at least",
            path: ["drained"],
          }),
      ),
    },
  },
  responses: answers,
});

export function adminRoutingRoutes(app: OpenAPIHono<ApiEnv>, deps: Deps): void {
  app.openapi(show, async (c) => {
    const { model, ...asked } = c.req.valid("query");
    const served = servedModels(deps.fleet).map(({ id }) => id);
    const ids = served.filter((id) => model === undefined || id === model);
    if (ids.length === 0)
      throw new Refusal("model_not_found", `model: there is no model ${quote(model!)} here.`, {
        param: "model",
      });
    const routing = routingOf(asked);
    const { route, region } = routing;
    return c.json(
      await explain(deps, ids, { route, region, numerics: numericsOf(routing), homeClass: null }),
      200,
    );
  });

  app.openapi(change, async (c) => {
    const { provider } = c.req.valid("param");
    const { drained, price } = c.req.valid("json");
    const { fleet } = deps;
    if (!fleet.offers.some((offer) => offer.provider === provider))
      throw new Refusal("not_found", "There is no such provider.", { param: "provider" });
    if (drained !== undefined) fleet.setDrain(provider, drained);
    if (price !== undefined) fleet.setPrice(provider, price);
    const ids = fleet.offers.filter((offer) => offer.provider === provider).map(({ model }) => model);
    return c.json(await explain(deps, ids), 200);
  });
}

/** Counters are of all isolates, and only the board has them; states are this isolate's where it cannot be reached. */
async function explain({ fleet, board }: Deps, models: readonly string[], terms?: RoutingTerms) {
  const counted = await board.exchange();
  const data = models.map((model) => {
    const { candidates, ...rest } = fleet.explain(model, terms);
    return {
      ...rest,
      candidates: candidates.map((one) => ({
        ...one,
        counters: counted?.[`${one.provider}/${model}`] ?? null,
      })),
    };
  });
  return {
    object: "list" as const,
    board: counted === null ? "unreachable" : "reached",
    data: data.map(underscored) as { model: string }[],
  };
}

/** The API's own spelling of names, at every depth; names that are data (a kind of call, a fault) have no capitals. */
function underscored(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(underscored);
  if (typeof value !== "object" || value === null) return value;
  const spelt = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [spelt(name), underscored(inner)]));
}
