import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { call } from "./client.ts";
import { as, asOperator, done, type Issued, newAccount, newKey, refusal } from "./operator.ts";

interface Shown {
  readonly id: string;
  readonly [field: string]: unknown;
}
interface List {
  readonly data: readonly Shown[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

let account: string;
let admin: Issued;

beforeAll(async () => {
  account = await newAccount();
  admin = await newKey(account);
});
afterEach(() => vi.useRealTimers());

/** Lets the Worker's clock stand so much later. */
function later(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
}
const mine = (path: string, body?: object, method?: string) => as(admin.key, path, body, method);
const works = async (key: string) => (await as(key, "/models")).status;

describe("the operator's routes", () => {
  it("are a 404, like any path that is not there, for everybody without the secret", async () => {
    const nowhere = await refusal(asOperator("/nothing"));
    expect(nowhere).toEqual([404, "not_found", null]);
    for (const path of ["/admin", "/admin/", "/admin/accounts", `/admin/accounts/${account}/keys`]) {
      for (const token of [admin.key, `${env.ADMIN_SECRET}x`, env.ADMIN_SECRET.slice(1), ""]) {
        expect(await refusal(as(token, path))).toEqual(nowhere);
        expect(await refusal(as(token, path, {}))).toEqual(nowhere);
      }
      expect(await refusal(call(`/v1${path}`))).toEqual(nowhere);
    }
  });

  it("are not told of in the API's description", async () => {
    const { paths } = await done<{ paths: object }>(call("/openapi.json"));
    expect(Object.keys(paths).filter((path) => path.includes("admin"))).toEqual([]);
    expect(Object.keys(paths)).toContain("/v1/keys/{id}/rotate");
  });

  it("make accounts with a default project, and list them page by page, the newest first", async () => {
    const made = [];
    for (const name of ["one", "two", "three"]) {
      made.push(await done<Shown>(asOperator("/accounts", { name })));
    }
    expect(made[0]).toMatchObject({
      object: "account",
      id: expect.stringMatching(/^acct_[0-9a-f]{24}$/),
      default_project: expect.stringMatching(/^proj_[0-9a-f]{24}$/),
    });
    const seen: Shown[] = [];
    for (let after = ""; ; after = `&after=${seen.at(-1)!.id}`) {
      const page = await done<List>(asOperator(`/accounts?limit=2${after}`));
      seen.push(...page.data);
      expect([page.first_id, page.last_id]).toEqual([page.data[0]!.id, page.data.at(-1)!.id]);
      if (!page.has_more) break;
    }
    const ids = seen.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining([account, ...made.map(({ id }) => id)]));
    const times = seen.map((one) => one.created_at as number);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(await refusal(asOperator("/accounts?after=acct_none"))).toEqual([400, "invalid_value", "after"]);
    expect(await refusal(asOperator("/accounts?page=2"))).toEqual([400, "unknown_parameter", "page"]);
  });

  it("grant credit once a key", async () => {
    const other = await newAccount(5);
    const grant = { micro_credits: 70, key: "invoice 1", note: "paid" };
    const first = await done(asOperator(`/accounts/${other}/grants`, grant));
    expect(await done(asOperator(`/accounts/${other}/grants`, grant))).toEqual(first);
    expect(await refusal(asOperator(`/accounts/${other}/grants`, { ...grant, micro_credits: 71 }))).toEqual([
      422,
      "idempotency_mismatch",
      "key",
    ]);
    expect(await done(asOperator(`/accounts/${other}`))).toMatchObject({
      ledger: { balance: { granted: 75, available: 75, held: 0, charged: 0 } },
    });
  });

  it("refuse what cannot be granted or given back", async () => {
    const to = (about: object) => refusal(asOperator(`/accounts/${account}/grants`, { key: "k", ...about }));
    expect(await to({ micro_credits: 0 })).toEqual([400, "invalid_value", "micro_credits"]);
    expect(await to({ micro_credits: -1 })).toEqual([400, "invalid_value", "micro_credits"]);
    expect(await to({ micro_credits: 0.5 })).toEqual([400, "invalid_value", "micro_credits"]);
    expect(await to({ micro_credits: Number.MAX_SAFE_INTEGER })).toEqual([
      400,
      "invalid_value",
      "micro_credits",
    ]);
    expect(await to({ micro_credits: 1, currency: "EUR" })).toEqual([400, "unknown_parameter", "currency"]);
    const adjustment = { generation: "gen_0", micro_credits: 1, key: "k" };
    expect(await refusal(asOperator(`/accounts/${account}/adjustments`, adjustment))).toEqual([
      404,
      "not_found",
      "generation",
    ]);
    expect(await refusal(asOperator("/accounts/acct_none/grants", { micro_credits: 1, key: "k" }))).toEqual([
      404,
      "not_found",
      "id",
    ]);
  });

  it("set an account's limits: what is absent stays", async () => {
    const other = await newAccount();
    const path = `/accounts/${other}/limits`;
    await done(asOperator(path, { concurrency: 3, monthly_budget: 1000 }, "PATCH"));
    expect(await done(asOperator(path, { requests_per_minute: 7, disabled: true }, "PATCH"))).toMatchObject({
      id: other,
      ledger: {
        disabled: true,
        limits: { concurrency: 3, monthly_budget: 1000, requests_per_minute: 7 },
      },
    });
    expect(await refusal(asOperator(path, { concurrency: 0 }, "PATCH"))).toEqual([
      400,
      "invalid_value",
      "concurrency",
    ]);
  });
});

describe("a request", () => {
  it("without a key is refused and told how to send one, wherever under /v1 it goes", async () => {
    for (const path of ["/v1/models", "/v1/keys", "/v1/nothing"]) {
      const response = await call(path);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({
        error: { code: "invalid_api_key", message: expect.stringContaining("Authorization: Bearer vpge_") },
      });
    }
  });

  it("without a key may ask for health and the description", async () => {
    expect((await call("/healthz")).status).toBe(200);
    expect((await call("/openapi.json")).status).toBe(200);
  });
});

describe("a key's life", () => {
  it("begins with its text shown once, and what is stored does not hold it", async () => {
    const made = await mine("/keys", { name: "ci", scopes: ["read"] });
    expect(made.headers.get("cache-control")).toBe("no-store");
    const { key, ...shown } = (await made.json()) as Issued;
    expect(key).toMatch(/^vpge_[0-9A-Za-z]{38}$/);
    expect(shown).toMatchObject({
      object: "api_key",
      name: "ci",
      prefix: key.slice(0, 12),
      scopes: ["read"],
      models: null,
      limits: null,
      expires_at: null,
      disabled_at: null,
    });
    expect(await done(mine(`/keys/${shown.id}`))).toEqual(shown);
    const { data } = await done<List>(mine("/keys?limit=100"));
    expect(data.filter(({ id }) => id === shown.id)).toEqual([shown]);
    const stored = await env.DB.prepare("SELECT * FROM api_keys").all();
    expect(JSON.stringify(stored.results)).not.toContain(key.slice(12));
    expect(await works(key)).toBe(200);
  });

  it("ends when it is disabled, within ten seconds and for good", async () => {
    const { id, key } = await newKey(account);
    expect(await works(key)).toBe(200);
    const shut = await done<Shown>(mine(`/keys/${id}/disable`, {}));
    expect(shut.disabled_at).toEqual(expect.any(Number));
    expect(await done(mine(`/keys/${id}/disable`, {}))).toEqual(shut);
    later(10_001);
    expect(await works(key)).toBe(401);
    expect(await refusal(mine(`/keys/${id}`, { name: "again" }, "PATCH"))).toEqual([
      409,
      "key_inactive",
      "id",
    ]);
    expect(await refusal(mine(`/keys/${id}/rotate`, {}))).toEqual([409, "key_inactive", "id"]);
  });

  it("is over for the account's ledger the moment that it is disabled", async () => {
    const { id } = await newKey(account);
    await done(asOperator(`/accounts/${account}/keys/${id}/disable`, {}));
    const state = await env.LEDGERS.get(env.LEDGERS.idFromName(account)).account();
    expect(state!.keys.find(({ apiKey }) => apiKey === id)).toMatchObject({ disabled: true });
  });

  it("ends at its expiry", async () => {
    const expires_at = Math.floor(Date.now() / 1000) + 60;
    const { key } = await newKey(account, { expires_at });
    expect(await works(key)).toBe(200);
    later(61_000);
    expect(await refusal(as(key, "/models"))).toEqual([401, "expired_api_key", "Authorization"]);
  });

  it("cannot begin with an expiry that has passed", async () => {
    expect(await refusal(mine("/keys", { name: "late", expires_at: 1 }))).toEqual([
      400,
      "invalid_value",
      "expires_at",
    ]);
  });

  it("goes on in another key when it is rotated, and both work meanwhile", async () => {
    const limits = { requests_per_minute: 50 };
    const settings = { scopes: ["read", "generate"], models: ["var-sprites"], limits, name: "rotating" };
    const old = await newKey(account, settings);
    const fresh = await done<Issued & Shown>(mine(`/keys/${old.id}/rotate`, { overlap_seconds: 100 }));
    expect(fresh).toMatchObject({
      ...settings,
      limits: { requests_per_minute: 50, images_per_minute: null },
    });
    expect(await done(mine(`/keys/${old.id}`))).toMatchObject({
      replaced_by: fresh.id,
      expires_at: expect.any(Number),
    });
    expect(await refusal(mine(`/keys/${old.id}/rotate`, {}))).toEqual([409, "key_inactive", "id"]);
    expect(await refusal(mine(`/keys/${old.id}`, { expires_at: null }, "PATCH"))).toEqual([
      409,
      "key_inactive",
      "id",
    ]);
    expect([await works(old.key), await works(fresh.key)]).toEqual([200, 200]);
    later(101_000);
    expect([await works(old.key), await works(fresh.key)]).toEqual([401, 200]);
    const state = await env.LEDGERS.get(env.LEDGERS.idFromName(account)).account();
    expect(state!.keys.find(({ apiKey }) => apiKey === fresh.id)).toMatchObject({
      limits: { requestsPerMinute: 50, picturesPerMinute: null },
    });
  });

  it("takes one of two rotations that come at once", async () => {
    const { id } = await newKey(account);
    const both = await Promise.all([mine(`/keys/${id}/rotate`, {}), mine(`/keys/${id}/rotate`, {})]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { data } = await done<List>(mine("/keys?limit=100"));
    const { replaced_by } = data.find((one) => one.id === id)!;
    expect(data.map((one) => one.id)).toContain(replaced_by);
  });

  it("changes in what is named and nothing else", async () => {
    const limits = { concurrency: 2, monthly_budget: 9 };
    const { id } = await newKey(account, { limits, models: ["var-sprites"] });
    const changed = await done(mine(`/keys/${id}`, { name: "renamed", limits: { concurrency: 5 } }, "PATCH"));
    expect(changed).toMatchObject({
      name: "renamed",
      models: ["var-sprites"],
      limits: { concurrency: 5, monthly_budget: 9, requests_per_minute: null },
    });
    expect(await done(mine(`/keys/${id}`))).toEqual(changed);
    expect(await done(mine(`/keys/${id}`, { models: null, limits: null }, "PATCH"))).toMatchObject({
      name: "renamed",
      models: null,
      limits: null,
    });
    const state = await env.LEDGERS.get(env.LEDGERS.idFromName(account)).account();
    expect(state!.keys.find(({ apiKey }) => apiKey === id)).toMatchObject({
      limits: { concurrency: null, monthlyBudget: null },
    });
    expect(await done(mine(`/keys/${id}`, {}, "PATCH"))).toMatchObject({ name: "renamed" });
    expect(await refusal(mine(`/keys/${id}`, { scopes: ["admin"] }, "PATCH"))).toEqual([
      400,
      "unknown_parameter",
      "scopes",
    ]);
  });
});

describe("scopes", () => {
  it.each(["generate", "read", "usage"])("with %s alone no key is seen, made or changed", async (scope) => {
    const { id, key } = await newKey(account, { scopes: [scope] });
    const missing = [403, "scope_missing", "admin"];
    expect(await refusal(as(key, "/keys"))).toEqual(missing);
    expect(await refusal(as(key, "/keys", { name: "mine" }))).toEqual(missing);
    expect(await refusal(as(key, `/keys/${id}`))).toEqual(missing);
    expect(await refusal(as(key, `/keys/${id}`, { name: "me" }, "PATCH"))).toEqual(missing);
    expect(await refusal(as(key, `/keys/${id}/disable`, {}))).toEqual(missing);
    expect(await refusal(as(key, `/keys/${id}/rotate`, {}))).toEqual(missing);
    expect(await refusal(as(key, "/projects"))).toEqual(missing);
    expect(await refusal(as(key, "/projects", { name: "mine" }))).toEqual(missing);
  });

  it("are granted by those who have them only, and models likewise", async () => {
    const { key } = await newKey(account, { scopes: ["admin", "read"] });
    expect(await refusal(as(key, "/keys", { name: "more", scopes: ["read", "usage"] }))).toEqual([
      403,
      "scope_missing",
      "scopes",
    ]);
    expect(await refusal(as(key, `/keys/${admin.id}/rotate`, {}))).toEqual([403, "scope_missing", "scopes"]);
    expect((await as(key, "/keys", { name: "less", scopes: ["read"] })).status).toBe(200);
    const narrow = await newKey(account, { models: ["var-sprites"] });
    expect(await refusal(as(narrow.key, "/keys", { name: "wide", models: null }))).toEqual([
      404,
      "model_not_found",
      "models",
    ]);
    expect(await refusal(as(narrow.key, `/keys/${narrow.id}`, { models: null }, "PATCH"))).toEqual([
      404,
      "model_not_found",
      "models",
    ]);
    expect(await done(as(narrow.key, "/keys", { name: "same" }))).toMatchObject({ models: ["var-sprites"] });
  });

  it("must be known ones", async () => {
    expect(await refusal(mine("/keys", { name: "odd", scopes: ["root"] }))).toEqual([
      400,
      "invalid_value",
      "scopes.0",
    ]);
    expect(await refusal(mine("/keys", { name: "odd", models: ["gpt"] }))).toEqual([
      400,
      "invalid_value",
      "models.0",
    ]);
  });
});

describe("another account", () => {
  it("has keys and projects that are a 404, exactly as ones that are not there", async () => {
    const stranger = await newAccount();
    const theirs = await newKey(stranger);
    const project = (await done<{ data: Shown[] }>(as(theirs.key, "/projects"))).data[0]!.id;
    const none = "key_000000000000000000000000";
    for (const id of [theirs.id, none]) {
      const unknown = [404, "not_found", "id"];
      expect(await refusal(mine(`/keys/${id}`))).toEqual(unknown);
      expect(await refusal(mine(`/keys/${id}`, { name: "mine" }, "PATCH"))).toEqual(unknown);
      expect(await refusal(mine(`/keys/${id}/disable`, {}))).toEqual(unknown);
      expect(await refusal(mine(`/keys/${id}/rotate`, {}))).toEqual(unknown);
      expect(await refusal(asOperator(`/accounts/${account}/keys/${id}/disable`, {}))).toEqual(unknown);
      expect(await refusal(mine(`/keys?after=${id}`))).toEqual([400, "invalid_value", "after"]);
    }
    for (const id of [project, "proj_none"]) {
      const asked = { name: "mine", project: id };
      expect(await refusal(mine("/keys", asked))).toEqual([404, "not_found", "project"]);
    }
    const { data } = await done<List>(mine("/keys?limit=100"));
    expect(data.map(({ id }) => id)).not.toContain(theirs.id);
    expect(await works(theirs.key)).toBe(200);
  });
});

describe("an account", () => {
  it("makes at most five hundred projects a day", async () => {
    const busy = await newAccount();
    const { key } = await newKey(busy);
    const nowMs = Date.now();
    const insert = env.DB.prepare(
      "INSERT INTO projects (id, account, name, created_ms) VALUES (?, ?, 'many', ?)",
    );
    await env.DB.batch(Array.from({ length: 498 }, (_, i) => insert.bind(`proj_${busy}_${i}`, busy, nowMs)));
    expect((await as(key, "/projects", { name: "the 500th" })).status).toBe(200);
    expect(await refusal(as(key, "/projects", { name: "one more" }))).toEqual([
      429,
      "rate_limit_exceeded",
      null,
    ]);
    later(86_500_000);
    expect((await as(key, "/projects", { name: "the next day" })).status).toBe(200);
  });
});

describe("projects", () => {
  it("are made and listed, and keys belong to one", async () => {
    const project = await done<Shown>(mine("/projects", { name: "shop" }));
    expect(await done<List>(mine("/projects"))).toMatchObject({
      data: [project, { name: "default" }],
      has_more: false,
    });
    const key = await done<Shown>(mine("/keys", { name: "of the shop", project: project.id }));
    expect(key.project).toBe(project.id);
  });
});
