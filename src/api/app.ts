/** The HTTP face: routes, request ids, one log line a request, errors in one shape. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { Refusal } from "../refusal.ts";
import { accountRoutes } from "./account.ts";
import { adminRoutes } from "./admin.ts";
import { adminKeyRoutes } from "./admin-keys.ts";
import { adminRoutingRoutes } from "./admin-routing.ts";
import { refuseLarge, refuseOtherTypes } from "./body.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { answerError, refusalOfIssues } from "./errors.ts";
import { generationListRoute } from "./generation-list.ts";
import { generationRoutes } from "./generations.ts";
import { crossOrigin, securityHeaders } from "./headers.ts";
import { identify, refuseAuthOff } from "./identify.ts";
import { imageRoutes } from "./images.ts";
import { keyRoutes } from "./keys.ts";
import { modelRoutes } from "./models.ts";
import { outputRoutes } from "./outputs.ts";
import { projectRoutes } from "./projects.ts";
import { receiptRoutes } from "./receipts.ts";
import { describeApi } from "./spec.ts";
import { timingHeader } from "./timing.ts";
import { usageRoutes } from "./usage.ts";
import { webhookRoutes } from "./webhooks.ts";

const MAX_HEADER_CHARACTERS = 16 * 1024;

const health = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "health",
  summary: "Whether the Worker answers",
  description: "Looks at nothing behind it: for load balancers and uptime checks.",
  responses: {
    200: {
      description: "It does.",
      content: { "application/json": { schema: z.object({ status: z.literal("ok") }) } },
    },
  },
});

export function makeApp(deps: Deps): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw refusalOfIssues(result.error);
    },
  });

  app.use(async (c, next) => {
    c.set("requestId", `req_${crypto.randomUUID().replaceAll("-", "")}`);
    c.set("began", performance.now());
    await next();
    const { headers } = c.res;
    headers.set("x-request-id", c.get("requestId"));
    const total = performance.now() - c.get("began");
    if (!headers.has("server-timing")) headers.set("server-timing", timingHeader({ total }));
    console.log(
      `${c.req.method} ${shownPath(c.req.url)} ${c.res.status} ${Math.round(total)} ms ${c.get("generation") ?? ""}`.trimEnd(),
    );
  });

  app.use(securityHeaders);
  app.use(async (c, next) => {
    refuseLongHeaders(c.req.raw.headers);
    return next();
  });
  app.use(refuseAuthOff(deps));
  app.use(crossOrigin(deps, (path) => methodsOf(app, path)));
  app.use("/v1/*", identify(deps));
  app.use("/v1/*", refuseLarge, refuseOtherTypes);

  imageRoutes(app, deps);
  modelRoutes(app, deps);
  generationListRoute(app, deps);
  generationRoutes(app, deps);
  outputRoutes(app, deps);
  receiptRoutes(app, deps);
  accountRoutes(app, deps);
  usageRoutes(app, (account, ...page) => deps.ledgers(account).settled(...page));
  keyRoutes(app, deps);
  projectRoutes(app, deps);
  webhookRoutes(app, deps);
  adminRoutes(app, deps);
  adminKeyRoutes(app, deps);
  adminRoutingRoutes(app, deps);
  app.openapi(health, (c) => c.json({ status: "ok" as const }, 200));
  let description: ReturnType<typeof describeApi> | null = null;
  app.get("/openapi.json", (c) => {
    description ??= describeApi(app);
    return c.json(description);
  });

  app.notFound((c) => {
    const allowed = methodsOf(app, new URL(c.req.url).pathname);
    if (allowed.length === 0) throw new Refusal("not_found", "There is nothing at this path.");
    c.header("allow", allowed.join(", "));
    throw new Refusal("method_not_allowed", `This path answers ${allowed.join(", ")}.`);
  });
  app.onError(answerError);
  return app;
}

/** @throws Refusal 431: what is told in headers is short, and whatever is longer is no request of ours. */
function refuseLongHeaders(headers: Headers): void {
  let characters = 0;
  for (const [name, value] of headers) characters += name.length + value.length;
  if (characters <= MAX_HEADER_CHARACTERS) return;
  throw new Refusal("headers_too_large", `The headers are longer than ${MAX_HEADER_CHARACTERS} characters.`);
}

/** A path as the log has it: without its query, and without a key that somebody put into it. */
const shownPath = (url: string) => new URL(url).pathname.replace(/vpge_\w+/g, "vpge_***");

/** The description of the API without a Worker: its routes are told of and none is called, so they are given nothing. */
export const describeRoutes = () => describeApi(makeApp({ accounts: {} } as Deps));

/** The methods that a path answers: those that some route declares, and HEAD wherever there is GET. */
function methodsOf(app: OpenAPIHono<ApiEnv>, path: string): string[] {
  const matching = app.routes.filter((route) => route.method !== "ALL" && pattern(route.path).test(path));
  const methods = new Set(matching.map((route) => route.method));
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods].sort();
}

const pattern = (path: string) => new RegExp(`^${path.replace(/:[^/]+/g, "[^/]+")}$`);
