/** What every answer tells a browser: who else may read it, that it is data and no page, and that nobody keeps it. */
import type { Context, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { ApiEnv, Deps } from "./deps.ts";
import { isOperatorPath } from "./identify.ts";

/** What a browser may send: what we read, and what the official client adds of its own. */
const ALLOWED = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-none-match",
  "if-range",
  "last-event-id",
  "openai-organization",
  "openai-project",
  "range",
  "user-agent",
  ...[
    "arch",
    "helper-method",
    "lang",
    "os",
    "package-version",
    "retry-count",
    "runtime",
    "runtime-version",
  ].map((name) => `x-stainless-${name}`),
  "x-stainless-timeout",
];

/** What a page of another origin may read besides the body. */
const SHOWN = [
  "x-request-id",
  "x-generation-id",
  "server-timing",
  "allow",
  "content-range",
  "etag",
  "retry-after",
  "retry-after-ms",
  "x-should-retry",
  ...["requests", "images"].flatMap((what) =>
    ["limit", "remaining", "reset"].map((state) => `x-ratelimit-${state}-${what}`),
  ),
].join(",");

/** How long a browser may remember what a preflight said. */
const PREFLIGHT_FRESH_S = 7200;

const ALWAYS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

const HSTS = "max-age=31536000";

/**
 * Sets what holds for every answer, refusals included. An answer shows somebody's keys, money or pictures, so nobody
 * keeps one unless its route says how.
 */
export const securityHeaders: MiddlewareHandler<ApiEnv> = async (c, next) => {
  await next();
  // Of an answer that is made, `c.header` would make a new one each time.
  const { headers } = c.res;
  for (const [name, value] of Object.entries(ALWAYS)) headers.set(name, value);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  if (c.req.url.startsWith("https:")) headers.set("strict-transport-security", HSTS);
};

/**
 * Lets pages of any origin call the API with a key in `Authorization`; never with cookies, of which there are none.
 * Answers their preflights without a key. Not for the operator's paths, and not under `AUTH=off`, where no key would
 * keep a page that one happens to visit from spending.
 * @param methodsOf the methods that a path answers.
 */
export function crossOrigin(
  { authOff }: Pick<Deps, "authOff">,
  methodsOf: (path: string) => readonly string[],
): MiddlewareHandler<ApiEnv> {
  const methods = (c: Context<ApiEnv>) => [...methodsOf(new URL(c.req.url).pathname)];
  /** Answers preflights; hono's own would make each answer twice to share it. */
  const share = cors({
    origin: "*",
    allowMethods: (_origin, c) => methods(c),
    allowHeaders: ALLOWED,
    maxAge: PREFLIGHT_FRESH_S,
  });
  return async (c, next) => {
    if (authOff || isOperatorPath(c.req.path)) return next();
    if (c.req.method === "OPTIONS") {
      const preflight = c.req.header("access-control-request-method") !== undefined;
      return preflight && methods(c).length > 0 ? share(c, next) : next();
    }
    await next();
    c.res.headers.set("access-control-allow-origin", "*");
    c.res.headers.set("access-control-expose-headers", SHOWN);
  };
}
