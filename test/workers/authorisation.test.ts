/** Who may what: every route of the app, as every kind of caller, for what is one's own, another's and nobody's. */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SCOPES, type Scope } from "../../src/accounts/scope.ts";
import { describeRoutes, makeApp } from "../../src/api/app.ts";
import type { Deps } from "../../src/api/deps.ts";
import { call, misbehave } from "./client.ts";
import { as, asOperator, done, newAccount, newKey } from "./operator.ts";

interface Entry {
  /** `open`: no key is asked for; `key`: any good one will do; `operator`: the operator's secret alone. */
  readonly to: "open" | "key" | "operator" | Scope;
  /** What stands for `:id`, made anew for every call that may change it. */
  readonly id?: "generation" | "key" | "account" | "model" | "webhook";
  /** A valid body, and what a route cannot do without in its query. */
  readonly body?: object;
  readonly query?: string;
  /** What they are told who are let in, where there is nothing to be had all the same; status, code and param. */
  readonly told?: string;
}

/** A customer's host, which echoes the challenge of a new webhook. */
const HOOK = "https://hooks.customer.dev/";
const name = { name: "of the matrix" };
const credit = { micro_credits: 1, key: "of the matrix" };

/** The declared access of every route; one that is not here fails the first test. */
const table: Record<string, Entry> = {
  "GET /healthz": { to: "open" },
  "GET /openapi.json": { to: "open" },
  "GET /.well-known/jwks.json": { to: "open" },
  // A signature in the URL opens it, and no key does.
  "GET /outputs/:id/:file": {
    to: "open",
    id: "generation",
    query: `?expires=${2 ** 40}&signature=${"0".repeat(64)}`,
    told: "404 not_found null",
  },
  "GET /v1/models": { to: "key" },
  "GET /v1/models/:id": { to: "key", id: "model" },
  "POST /v1/images/generations": { to: "generate", body: { prompt: "fish", seed: 1 } },
  "GET /v1/generations": { to: "read" },
  "GET /v1/generations/:id": { to: "read", id: "generation" },
  "GET /v1/generations/:id/events": { to: "read", id: "generation" },
  "GET /v1/generations/:id/receipt": { to: "read", id: "generation" },
  "POST /v1/generations/:id/cancel": { to: "generate", id: "generation" },
  "DELETE /v1/generations/:id": { to: "generate", id: "generation" },
  "GET /v1/account": { to: "usage" },
  "GET /v1/account/entries": { to: "usage" },
  "GET /v1/usage": { to: "usage" },
  "GET /v1/organization/usage/images": { to: "usage", query: "?start_time=1" },
  "GET /v1/organization/costs": { to: "usage", query: "?start_time=1" },
  "GET /v1/keys": { to: "admin" },
  "POST /v1/keys": { to: "admin", body: { ...name, scopes: ["admin"] } },
  "GET /v1/keys/:id": { to: "admin", id: "key" },
  "PATCH /v1/keys/:id": { to: "admin", id: "key", body: name },
  "POST /v1/keys/:id/disable": { to: "admin", id: "key" },
  "POST /v1/keys/:id/rotate": { to: "admin", id: "key", body: {} },
  "GET /v1/projects": { to: "admin" },
  "POST /v1/projects": { to: "admin", body: name },
  "GET /v1/webhooks": { to: "admin" },
  "POST /v1/webhooks": { to: "admin", body: { url: HOOK } },
  "DELETE /v1/webhooks/:id": { to: "admin", id: "webhook" },
  "GET /v1/admin/routes": { to: "operator" },
  "PATCH /v1/admin/routes/:provider": { to: "operator", body: { drained: false } },
  "GET /v1/admin/accounts": { to: "operator" },
  "POST /v1/admin/accounts": { to: "operator", body: name },
  "GET /v1/admin/accounts/:id": { to: "operator", id: "account" },
  "GET /v1/admin/accounts/:id/entries": { to: "operator", id: "account" },
  "POST /v1/admin/accounts/:id/grants": { to: "operator", id: "account", body: credit },
  "POST /v1/admin/accounts/:id/adjustments": {
    to: "operator",
    id: "account",
    body: { ...credit, generation: `gen_${"0".repeat(56)}` },
    told: "404 not_found generation",
  },
  "PATCH /v1/admin/accounts/:id/limits": { to: "operator", id: "account", body: { concurrency: 5 } },
  "GET /v1/admin/accounts/:id/keys": { to: "operator", id: "account" },
  "POST /v1/admin/accounts/:id/keys": { to: "operator", id: "account", body: name },
  "POST /v1/admin/accounts/:id/keys/:key/disable": { to: "operator", id: "account" },
  "POST /v1/admin/accounts/:id/keys/:key/rotate": { to: "operator", id: "account", body: {} },
};

const ROLES = [
  "nobody",
  "malformed",
  "unknown",
  "disabled",
  "expired",
  "operator",
  ...SCOPES,
  "everything",
] as const;
const SHUT = new Set<string>(["nobody", "malformed", "unknown", "disabled", "operator"]);
type Role = (typeof ROLES)[number];
const OWNERS = ["own", "another's", "nobody's"] as const;
type Owner = (typeof OWNERS)[number];

const bearers = {} as Record<Role, string | null>;
const accounts = {} as Record<"own" | "another's", string>;
const holders = {} as Record<"own" | "another's", string>;

const routes = [
  ...new Set(
    makeApp({ accounts: {} } as Deps)
      .routes.filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`),
  ),
];
const cells = routes.flatMap((route) =>
  ROLES.flatMap((role) =>
    (table[route]?.id && table[route].id !== "model" ? OWNERS : (["own"] as const)).map((owner) => ({
      route,
      role,
      owner,
    })),
  ),
);

const real = globalThis.fetch;
async function hosts(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  if (input !== HOOK) return real(input, init);
  const { data } = JSON.parse(String(init!.body)) as { data: { challenge?: string } };
  return new Response(data.challenge ?? null);
}

afterAll(() => vi.restoreAllMocks());

beforeAll(async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(hosts);
  await misbehave();
  for (const owner of ["own", "another's"] as const) {
    accounts[owner] = await newAccount();
    holders[owner] = (await newKey(accounts[owner])).key;
  }
  const own = (about: object = {}) => newKey(accounts.own, about);
  const disabled = await own();
  await done(asOperator(`/accounts/${accounts.own}/keys/${disabled.id}/disable`, {}));
  const expired = await own();
  await env.DB.prepare("UPDATE api_keys SET expires_ms = 1 WHERE id = ?").bind(expired.id).run();
  // A key that is whole and that nobody has: made, and taken out again before anybody saw it.
  const unknown = await own();
  await env.DB.prepare("DELETE FROM api_keys WHERE id = ?").bind(unknown.id).run();
  Object.assign(bearers, {
    nobody: null,
    malformed: `${holders.own}x`,
    unknown: unknown.key,
    disabled: disabled.key,
    expired: expired.key,
    operator: env.ADMIN_SECRET,
    everything: holders.own,
  });
  for (const scope of SCOPES) bearers[scope] = (await own({ scopes: [scope] })).key;
});

/** A generation of an account, drawn and settled. */
async function newGeneration(holder: string): Promise<string> {
  const response = await as(holder, "/images/generations", { prompt: "fish", seed: 1 });
  await response.body?.cancel();
  const id = response.headers.get("x-generation-id")!;
  await expect
    .poll(async () => (await as(holder, `/generations/${id}/receipt`)).status, { timeout: 10_000 })
    .toBe(200);
  return id;
}

const kept = new Map<string, string>();

/** What a path's `:id` and the like are; kept where the call changes nothing or will be refused. */
async function thing(what: string, owner: Owner, fresh: boolean): Promise<string> {
  if (owner === "nobody's") {
    const none = { generation: `gen_${"0".repeat(56)}`, account: "acct_none", webhook: "wh_none" };
    return none[what as keyof typeof none] ?? `key_${"0".repeat(24)}`;
  }
  if (what === "file") return "0.png";
  if (what === "model") return "var-sprites";
  if (what === "provider") return "builtin";
  if (what === "account") return accounts[owner];
  const name = `${what} ${owner}`;
  if (fresh || !kept.has(name)) {
    const made = await newThing(what, owner);
    if (fresh) return made;
    kept.set(name, made);
  }
  return kept.get(name)!;
}

async function newThing(what: string, owner: "own" | "another's"): Promise<string> {
  if (what === "key") return (await newKey(accounts[owner], { scopes: ["admin"] })).id;
  if (what === "webhook")
    return (await done<{ id: string }>(as(holders[owner], "/webhooks", { url: HOOK }))).id;
  return newGeneration(holders[owner]);
}

/** What the table says: "in", or status, code and param of the refusal. */
function expected({ route, role, owner }: (typeof cells)[number]): string {
  const { to, id, told = "in" } = table[route]!;
  if (to === "open") return told;
  if (to === "operator") {
    if (role !== "operator") return "404 not_found null";
    return owner === "nobody's" ? "404 not_found id" : told;
  }
  if (role === "expired") return "401 expired_api_key Authorization";
  if (SHUT.has(role)) return "401 invalid_api_key Authorization";
  if (to !== "key" && role !== to && role !== "everything") return `403 scope_missing ${to}`;
  return id && owner !== "own" ? "404 not_found id" : told;
}

async function answer({ route, role, owner }: (typeof cells)[number], opens: boolean): Promise<string> {
  const { id, body, query = "" } = table[route]!;
  const [method, path] = route.split(" ") as [string, string];
  const fresh = opens && method !== "GET";
  const segments = path.split("/").map((segment) => {
    if (!segment.startsWith(":")) return segment;
    return thing(segment === ":id" ? id! : segment.slice(1), owner, fresh);
  });
  const filled = (await Promise.all(segments)).join("/") + query;
  const bearer = bearers[role];
  const response = await call(filled, {
    method,
    headers: {
      ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
      ...(body && { "content-type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (response.ok) {
    await response.body?.cancel();
    return "in";
  }
  const { error } = (await response.json()) as { error: { code: string; param: string | null } };
  return `${response.status} ${error.code} ${error.param}`;
}

describe("the authorisation matrix", () => {
  it("has an entry for every route of the app, and no other", () => {
    expect(Object.keys(table).sort()).toEqual([...routes].sort());
  });

  it("is what the description says of each route that it tells of", () => {
    const { paths } = describeRoutes();
    const said = Object.entries(paths ?? {}).flatMap(([path, item]) =>
      (["get", "post", "patch", "delete"] as const)
        .filter((method) => item[method])
        .map((method) => [
          `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`,
          item[method]!.security?.map(({ bearer }) => bearer![0] ?? "key").join() ?? "open",
        ]),
    );
    const declared = Object.entries(table)
      .filter(([route, { to }]) => to !== "operator" && route !== "GET /openapi.json")
      .map(([route, { to }]) => [route, to]);
    expect(said.sort()).toEqual(declared.sort());
  });

  describe(`holds in each of its ${cells.length} cells`, () => {
    it.each(routes)("%s", async (route) => {
      const own = cells.filter((cell) => cell.route === route);
      const wrong: string[] = [];
      for (const cell of own) {
        const should = expected(cell);
        const is = await answer(cell, should === table[route]!.told || should === "in");
        if (is !== should) wrong.push(`${cell.role}, ${cell.owner}: ${is}, not ${should}`);
      }
      expect(wrong).toEqual([]);
    });
  });
});
