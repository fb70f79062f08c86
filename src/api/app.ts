/** The HTTP face: routes, request ids, one log line a request, errors in one shape. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Refusal } from "../refusal.ts";
import { accountRoutes } from "./account.ts";
import { adminRoutes } from "./admin.ts";
import { adminKeyRoutes } from "./admin-keys.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { answerError, refusalOfIssues } from "./errors.ts";
import { generationListRoute } from "./generation-list.ts";
import { generationRoutes } from "./generations.ts";
import { identify, refuseAuthOff } from "./identify.ts";
import { imageRoutes } from "./images.ts";
import { keyRoutes } from "./keys.ts";
import { modelRoutes } from "./models.ts";
import { outputRoutes } from "./outputs.ts";
import { projectRoutes } from "./projects.ts";
import { receiptRoutes } from "./receipts.ts";
import { timingHeader } from "./timing.ts";
import { usageRoutes } from "./usage.ts";
import { webhookRoutes } from "./webhooks.ts";

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_HEADER_CHARACTERS = 16 * 1024;

const health = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the Worker answers",
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
    c.header("x-request-id", c.get("requestId"));
    const total = performance.now() - c.get("began");
    if (!c.res.headers.has("server-timing")) c.header("server-timing", timingHeader({ total }));
    const { pathname } = new URL(c.req.url);
    console.log(
      `${c.req.method} ${pathname} ${c.res.status} ${Math.round(total)} ms ${c.get("generation") ?? ""}`.trimEnd(),
    );
  });

  app.use(async (c, next) => {
    refuseLongHeaders(c.req.raw.headers);
    return next();
  });
  app.use(refuseAuthOff(deps));
  app.use("/v1/*", identify(deps));
  app.use("/v1/*", bodyLimit({ maxSize: MAX_BODY_BYTES }));
  app.use("/v1/*", async (c, next) => {
    const type = c.req.header("content-type") ?? "";
    if (!/^application\/json\s*(;|$)/i.test(type) && (await hasBody(c))) {
      throw new Refusal("unsupported_media_type", "Send the body as application/json.", {
        param: "content-type",
      });
    }
    return next();
  });

  imageRoutes(app, deps);
  modelRoutes(app);
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
  app.openapi(health, (c) => c.json({ status: "ok" as const }, 200));
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "vpg-edge",
      version: "1",
      description: "Guided autoregressive image generation in the OpenAI API's shapes.",
    },
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

/** Whether there is anything in the body: workerd makes an empty one of none at all. */
async function hasBody({ req }: Context): Promise<boolean> {
  if (req.raw.body === null) return false;
  const length = req.header("content-length");
  return length === undefined ? (await req.arrayBuffer()).byteLength > 0 : Number(length) > 0;
}

/** @throws Refusal 431: what is told in headers is short, and whatever is longer is no request of ours. */
function refuseLongHeaders(headers: Headers): void {
  let characters = 0;
  for (const [name, value] of headers) characters += name.length + value.length;
  if (characters <= MAX_HEADER_CHARACTERS) return;
  throw new Refusal("headers_too_large", `The headers are longer than ${MAX_HEADER_CHARACTERS} characters.`);
}

/** The methods that some route declares for a path. */
function methodsOf(app: OpenAPIHono<ApiEnv>, path: string): string[] {
  const matching = app.routes.filter((route) => route.method !== "ALL" && pattern(route.path).test(path));
  return [...new Set(matching.map((route) => route.method))].sort();
}

const pattern = (path: string) => new RegExp(`^${path.replace(/:[^/]+/g, "[^/]+")}$`);
