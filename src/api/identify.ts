/** Who calls: sets the caller of every /v1 route, keeps the operator's routes shut, and refuses a deployment without keys. */
import type { Context, MiddlewareHandler } from "hono";
import type { Caller } from "../accounts/caller.ts";
import { SCOPES } from "../accounts/scope.ts";
import { Refusal } from "../refusal.ts";
import type { ApiEnv, Deps } from "./deps.ts";

type Doors = Pick<Deps, "accounts" | "authOff" | "local">;

/** Host names of one's own machine. */
export const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
const OPERATOR = /^\/v1\/admin(\/|$)/;
const UNLOCKED = SCOPES.filter((scope) => scope !== "admin");

/** Whether a path is one of the operator's, whether or not there is anything at it. */
export const isOperatorPath = (path: string): boolean => OPERATOR.test(path);

/**
 * For every path: `AUTH=off` is honoured on one's own machine only, and elsewhere serves nothing at all.
 * @throws Refusal `auth_off`, which says why in the log.
 */
export function refuseAuthOff(deps: Doors): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!deps.authOff || isLocal(c, deps)) return next();
    throw new Refusal("auth_off", "This deployment is misconfigured and serves nobody.", {
      internal:
        "AUTH=off is honoured only where npm start made the environment (VPG_LOCAL=1) and the URL's host is a loopback; every other request is refused. Remove AUTH.",
    });
  };
}

/**
 * For /v1: sets `caller`, or, of the operator's paths, lets the operator's secret through.
 * @throws Refusal 401 without a good key; of the operator's paths a 404, as though there were none.
 */
export function identify(deps: Doors): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const header = c.req.header("authorization");
    if (isOperatorPath(c.req.path)) {
      if (await deps.accounts.isOperator(header)) return next();
      throw new Refusal("not_found", "There is nothing at this path.");
    }
    const address = c.req.header("cf-connecting-ip") ?? "unknown";
    const asked = performance.now();
    c.set(
      "caller",
      deps.authOff ? await anyone(deps) : await deps.accounts.identifier.identify(header, address),
    );
    c.set("authMs", performance.now() - asked);
    return next();
  };
}

const isLocal = (c: Context<ApiEnv>, deps: Doors) => deps.local && LOOPBACK.has(new URL(c.req.url).hostname);

/** Whom a local `AUTH=off` takes every caller for: the oldest account, which cannot manage its keys so. */
async function anyone({ accounts }: Doors): Promise<Caller> {
  const project = await accounts.directory.oldest();
  if (project) {
    return {
      account: project.account,
      project: project.id,
      apiKey: "auth_off",
      scopes: UNLOCKED,
      models: null,
    };
  }
  throw new Refusal(
    "directory_unavailable",
    "There is no account yet: npm run keys -- create-account --name me",
  );
}
