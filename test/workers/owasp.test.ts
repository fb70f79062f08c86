/** One describe a risk of the OWASP API Security Top 10 of 2023; what is held elsewhere in full is only touched here. */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import committed from "../../docs/openapi.json";
import { type AccountsOptions, makeAccounts } from "../../src/accounts/index.ts";
import { Pepper } from "../../src/accounts/pepper.ts";
import { makeApp } from "../../src/api/app.ts";
import type { Deps } from "../../src/api/deps.ts";
import { GenerationIds } from "../../src/generation/id.ts";
import type { Misdeed } from "../unruly/misdeed.ts";
import { call, misbehave, seen } from "./client.ts";
import { as, asOperator, done, type Issued, newAccount, newKey, refusal } from "./operator.ts";

const asked = { model: "var-sprites", prompt: "boat", n: 1, seed: 21 };
const draw = (key: string, body: object = asked, headers: Record<string, string> = {}, query = "") =>
  call(`/v1/images/generations${query}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });
const idOf = async (response: Response) => {
  expect(response.status).toBe(200);
  await response.body?.cancel();
  return response.headers.get("x-generation-id")!;
};

let mine: Issued & { account: string };
let theirs: Issued & { account: string };

async function someone(microCredits?: number) {
  const account = await newAccount(microCredits);
  return { account, ...(await newKey(account)) };
}

beforeAll(async () => {
  mine = await someone();
  theirs = await someone();
});
beforeEach(() => misbehave());

describe("API1 broken object level authorisation", () => {
  it("another's generation is not there, in the very words of one that is nobody's", async () => {
    const id = await idOf(await draw(theirs.key));
    const none = `gen_${"0".repeat(56)}`;
    const told = async (path: string, method: string) => {
      const response = await as(mine.key, path, undefined, method);
      return [response.status, await response.text()];
    };
    for (const [suffix, method] of [
      ["", "GET"],
      ["/events", "GET"],
      ["/receipt", "GET"],
      ["/cancel", "POST"],
      ["", "DELETE"],
    ] as const) {
      const answer = await told(`/generations/${id}${suffix}`, method);
      expect(answer[0]).toBe(404);
      expect(answer).toEqual(await told(`/generations/${none}${suffix}`, method));
    }
    expect((await as(theirs.key, `/generations/${id}`)).status).toBe(200);
  });

  it("neither another's Idempotency-Key nor a retry joins another's generation", async () => {
    const headers = { "idempotency-key": "the-same", "x-stainless-retry-count": "1" };
    const first = await idOf(await draw(theirs.key, asked, headers));
    expect(await idOf(await draw(theirs.key, asked, headers))).toBe(first);
    expect(await idOf(await draw(mine.key, asked, headers))).not.toBe(first);
  });

  it("usage that is asked for by another's keys and projects is none", async () => {
    await idOf(await draw(theirs.key));
    const of = async (key: string) =>
      (await done<{ total: { requests: number } }>(as(key, `/usage?api_key_ids=${theirs.id}`))).total
        .requests;
    await expect.poll(() => of(theirs.key)).toBeGreaterThan(0);
    expect(await of(mine.key)).toBe(0);
  });

  it("a model that the key may not use is in no list and at no path", async () => {
    const { key } = await newKey(mine.account, { models: ["var-scenes"] });
    const { data } = await done<{ data: { id: string }[] }>(as(key, "/models"));
    expect(data.map(({ id }) => id)).toEqual(["var-scenes"]);
    expect(await refusal(as(key, "/models/var-sprites"))).toEqual([404, "model_not_found", "id"]);
    await idOf(await draw(key, { ...asked, model: "var-scenes" }));
    expect(await refusal(draw(key))).toEqual([404, "model_not_found", "model"]);
    expect(await refusal(draw(key, { prompt: "boat" }))).toEqual([404, "model_not_found", "model"]);
  });
});

describe("API2 broken authentication", () => {
  it("a key opens as a bearer token in its header, and in no other form or place", async () => {
    const { key } = mine;
    const accepted = async (path: string, headers: Record<string, string>) =>
      (await call(path, { headers })).status;
    expect(await accepted("/v1/models", { authorization: `Bearer ${key}` })).toBe(200);
    for (const authorization of [
      key,
      `Basic ${btoa(`${key}:`)}`,
      `Token ${key}`,
      `Bearer ${key} ${key}`,
      `Bearer ${key},Bearer ${key}`,
      `Bearer ${key.toLowerCase()}`,
      `Bearer ${key.slice(0, -1)}`,
      "Bearer ",
      "Bearer null",
    ]) {
      expect([authorization, await accepted("/v1/models", { authorization })]).toEqual([authorization, 401]);
    }
    expect(await accepted(`/v1/models?api_key=${key}`, {})).toBe(401);
    expect(await accepted("/v1/models", { "x-api-key": key, cookie: `key=${key}` })).toBe(401);
  });

  it("whoever guesses keys that could be ones is stopped, though their next guess were right", async () => {
    const from = { "cf-connecting-ip": "203.0.113.7" };
    const guess = (key: string) =>
      call("/v1/models", { headers: { authorization: `Bearer ${key}`, ...from } });
    for (let i = 0; i < 20; i++) {
      const { id, key } = await newKey(mine.account);
      await env.DB.prepare("DELETE FROM api_keys WHERE id = ?").bind(id).run();
      expect((await guess(key)).status).toBe(401);
    }
    const { key } = await newKey(mine.account);
    const stopped = await guess(key);
    expect([stopped.status, Number(stopped.headers.get("retry-after"))]).toEqual([429, expect.any(Number)]);
    expect((await as(key, "/models")).status).toBe(200);
  });
});

describe("API3 broken object property level authorisation", () => {
  it.each([
    ["/keys", "POST", { name: "n", account: "acct_1" }, "account"],
    ["/keys", "POST", { name: "n", id: "key_1" }, "id"],
    ["/keys", "POST", { name: "n", hash: "0" }, "hash"],
    ["/keys", "POST", { name: "n", limits: { balance: 1 } }, "limits.balance"],
    ["/keys/self", "PATCH", { scopes: ["admin"] }, "scopes"],
    ["/keys/self", "PATCH", { disabled_at: null }, "disabled_at"],
    ["/keys/self", "PATCH", { project: "proj_1" }, "project"],
    ["/projects", "POST", { name: "n", account: "acct_1" }, "account"],
    ["/images/generations", "POST", { ...asked, micro_credits: 0 }, "micro_credits"],
    ["/images/generations", "POST", { ...asked, account: "acct_1" }, "account"],
    ["/images/generations", "POST", { ...asked, vpg: { scale: 1, price: 0 } }, "vpg.price"],
  ])("%s: %s %j is refused by name", async (path, method, body, param) => {
    const at = path.replace("self", mine.id);
    expect(await refusal(as(mine.key, at, body, method))).toEqual([400, "unknown_parameter", param]);
  });

  it("a prototype is a field like any other, and no way to another", async () => {
    for (const body of ['{"prompt":"fish","__proto__":{"n":9}}', '{"prompt":"fish","constructor":{"n":9}}']) {
      const response = await call("/v1/images/generations", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${mine.key}` },
        body,
      });
      expect([body, response.status]).toEqual([body, 400]);
    }
  });

  it("answers hold what is documented and nothing of the inside", async () => {
    const shown = await done<object>(as(mine.key, `/keys/${mine.id}`));
    expect(Object.keys(shown).sort()).toEqual(
      Object.keys(committed.components.schemas.ApiKey.properties).sort(),
    );
    const id = await idOf(await draw(mine.key));
    const texts = await Promise.all(
      ["/keys", `/generations/${id}`, `/generations/${id}/events`, "/account", "/projects", "/models"].map(
        async (path) => (await as(mine.key, path)).text(),
      ),
    );
    const { results } = await env.DB.prepare("SELECT hash FROM api_keys WHERE account = ?")
      .bind(mine.account)
      .all<{ hash: string }>();
    const inside = [
      ...results.map(({ hash }) => hash),
      env.UNRULY_URL,
      mine.key,
      "digest",
      "epoch",
      theirs.account,
    ];
    for (const secret of inside) {
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    }
  });
});

describe("API4 unrestricted resource consumption", () => {
  it.each([
    ["n", { ...asked, n: 11 }],
    ["prompt", { ...asked, prompt: "x".repeat(32_001) }],
    ["partial_images", { ...asked, stream: true, partial_images: 1001 }],
    ["vpg.schedule", { ...asked, vpg: { schedule: Array.from({ length: 1001 }, () => 1) } }],
    ["user", { ...asked, user: "x".repeat(513) }],
  ])("a request has caps: %s", async (param, body) => {
    expect(await refusal(draw(mine.key, body))).toEqual([400, "invalid_value", param]);
  });

  it("a body has one, whether or not it says how long it is; and so has its depth", async () => {
    const post = (body: BodyInit) =>
      call("/v1/images/generations", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${mine.key}` },
        body,
      });
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(32)),
    });
    expect((await post(" ".repeat(2 ** 20 + 1))).status).toBe(413);
    expect((await post(endless)).status).toBe(413);
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect((await post(deep)).status).toBe(400);
    expect((await post(`{"prompt":"fish","vpg":${deep}}`)).status).toBe(400);
  });

  it.each([
    ["/keys?limit=101", "limit"],
    ["/projects?limit=0", "limit"],
    ["/account/entries?limit=1001", "limit"],
    ["/account/entries?limit=1e3", "limit"],
    ["/account/entries?after=", "after"],
    ["/account/entries?after=99999999999999999999", "after"],
    ["/usage?start_time=1&end_time=253402300799", "start_time"],
    ["/organization/usage/images?start_time=1&limit=1441", "limit"],
    ["/organization/costs?start_time=1&limit=181", "limit"],
  ])("a list has one: %s", async (path, param) => {
    expect(await refusal(as(mine.key, path))).toEqual([400, "invalid_value", param]);
  });

  it("a key's minute, concurrency and money have them, and 402 is told apart from 429", async () => {
    const { key } = await newKey(mine.account, { limits: { requests_per_minute: 1 } });
    await idOf(await draw(key));
    expect(await refusal(draw(key))).toEqual([429, "rate_limit_exceeded", null]);
    const poor = await someone(1);
    expect(await refusal(draw(poor.key))).toEqual([402, "credit_balance_exhausted", null]);
    expect(await refusal(draw(mine.key, { ...asked, max_micro_credits: 0 }))).toEqual([
      402,
      "max_micro_credits_exceeded",
      "max_micro_credits",
    ]);
  });
});

describe("API5 broken function level authorisation", () => {
  it("no spelling of an operator's path opens it to a key, however mighty", async () => {
    for (const path of [
      "/v1/admin/accounts",
      "/v1/admin/accounts/",
      "/v1//admin/accounts",
      "//v1/admin/accounts",
      "/v1/./admin/accounts",
      "/v1/keys/../admin/accounts",
      "/v1/%61dmin/accounts",
      "/v1/admin%2Faccounts",
      "/v1/admin/accounts%00",
      "/V1/ADMIN/accounts",
      "/v1/admin;/accounts",
      "/v1/admin/accounts?admin=true",
    ]) {
      for (const method of ["GET", "POST"]) {
        const response = await call(path, { method, headers: { authorization: `Bearer ${mine.key}` } });
        expect([path, method, response.status]).toEqual([path, method, 404]);
      }
    }
  });

  it("no header makes one method or path another", async () => {
    const headers = {
      authorization: `Bearer ${mine.key}`,
      "x-http-method-override": "DELETE",
      "x-original-url": "/v1/admin/accounts",
      "x-rewrite-url": "/v1/admin/accounts",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "localhost",
    };
    const response = await call("/v1/models", { headers });
    const { object, data } = (await response.json()) as { object: string; data: { object: string }[] };
    expect([object, ...data.map((one) => one.object)]).toEqual(["list", "model", "model"]);
  });

  it("nobody grants themselves credit, a scope or a project of another's", async () => {
    const { key } = await newKey(mine.account, { scopes: ["admin"] });
    expect(await refusal(as(key, "/keys", { name: "n", scopes: ["generate"] }))).toEqual([
      403,
      "scope_missing",
      "scopes",
    ]);
    const { data } = await done<{ data: { id: string }[] }>(as(theirs.key, "/projects"));
    expect(await refusal(as(mine.key, "/keys", { name: "n", project: data[0]!.id }))).toEqual([
      404,
      "not_found",
      "project",
    ]);
    expect(
      await refusal(as(mine.key, `/admin/accounts/${mine.account}/grants`, { micro_credits: 1, key: "k" })),
    ).toEqual([404, "not_found", null]);
  });
});

describe("API6 unrestricted access to sensitive business flows", () => {
  it("a balance for two is spent twice, whoever asks at once and however often", async () => {
    const price = (await done<{ micro_credits: number }>(draw(mine.key, asked, {}, "?dry_run=true")))
      .micro_credits;
    const who = await someone(2 * price);
    const all = await Promise.all(Array.from({ length: 8 }, (_, seed) => draw(who.key, { ...asked, seed })));
    await Promise.all(all.map((response) => response.body?.cancel()));
    expect(all.map(({ status }) => status).sort()).toEqual([200, 200, 402, 402, 402, 402, 402, 402]);
    const balance = async () => (await env.LEDGERS.getByName(who.account).account())!.balance;
    await expect.poll(balance).toMatchObject({ available: 0, held: 0, charged: 2 * price });
  });

  it("one Idempotency-Key is one generation and one charge, raced or not", async () => {
    const who = await someone();
    const headers = { "idempotency-key": "raced" };
    const ids = await Promise.all(
      Array.from({ length: 6 }, async () => idOf(await draw(who.key, asked, headers))),
    );
    expect(new Set(ids).size).toBe(1);
    const account = () => env.LEDGERS.getByName(who.account).account();
    await expect.poll(account).toMatchObject({ balance: { held: 0 } });
    const { data } = await done<{ data: { kind: string }[] }>(as(who.key, "/account/entries"));
    expect(data.map(({ kind }) => kind)).toEqual(["grant", "reserve", "settle"]);
  });
});

describe("API7 server side request forgery", () => {
  /** Where a user may give an address: webhooks, which have rules and tests of their own. */
  const OF_WEBHOOKS = /^\/v1\/webhooks/;

  it("no field of any other request takes an address", () => {
    const fields = Object.entries(committed.paths)
      .filter(([path]) => !OF_WEBHOOKS.test(path))
      .flatMap(([path, item]) =>
        Object.values(item as object).flatMap(
          (operation: { parameters?: unknown; requestBody?: unknown }) => {
            const said = JSON.stringify([operation.parameters, operation.requestBody]);
            const schemas = [...said.matchAll(/schemas\/(\w+)/g)].map(
              ([, name]) => (committed.components.schemas as Record<string, object>)[name!],
            );
            return [said, JSON.stringify(schemas)].map((text) => [path, text] as const);
          },
        ),
      );
    expect(fields.length).toBeGreaterThan(20);
    const address = "[a-z_]*(url|uri|callback|webhook|endpoint|href)";
    const suspicious = new RegExp(`"format":"ur[il]"|"${address}":|"name":"${address}"`, "i");
    expect(`{"name":"callback_url","in":"query"}`).toMatch(suspicious);
    expect(fields.filter(([, text]) => suspicious.test(text))).toEqual([]);
  });

  it("an address where a text may stand is a text, and nothing is fetched for it", async () => {
    const address = `${env.UNRULY_URL}/steal`;
    for (const body of [
      { ...asked, prompt: address },
      { ...asked, user: address },
      { ...asked, image: address },
    ]) {
      await (await draw(mine.key, body)).body?.cancel();
    }
    expect((await seen()).filter(({ id }) => !/-(\d+|decode)$/.test(id))).toEqual([]);
  });

  it("an endpoint that sends us elsewhere is not followed", async () => {
    const elsewhere = { location: "http://127.0.0.1:1/latest/meta-data" };
    const say = { kind: "say", status: 307, headers: elsewhere, body: "" } as const;
    await misbehave({ suffix: "-0", times: 99, act: say });
    const silence = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const response = await draw(mine.key);
    silence.mockRestore();
    expect([response.status, await response.text()]).toEqual([503, expect.not.stringContaining("127.0.0.1")]);
  });
});

describe("API8 security misconfiguration", () => {
  it("an error of ours shows nothing of the inside: no stack, no path, no cause", async () => {
    const silence = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const app = makeApp({
      accounts: {},
      publicKeys: () => Promise.reject(new Error("at /home/secret.ts: RECEIPT_KEY")),
    } as unknown as Deps);
    const response = await app.request("/.well-known/jwks.json");
    silence.mockRestore();
    expect([response.status, await response.json()]).toEqual([
      500,
      {
        error: {
          type: "server_error",
          message: "Something failed on our side. Nothing was charged.",
          param: null,
          code: "internal_error",
        },
      },
    ]);
  });

  it("AUTH=off on a public host serves nobody, the operator neither", async () => {
    const silence = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const isOperator = async () => true;
    const app = makeApp({ accounts: { isOperator }, local: true, authOff: true } as unknown as Deps);
    const statuses = await Promise.all(
      ["/healthz", "/v1/models", "/v1/admin/accounts", "/openapi.json"].map(
        async (path) => (await app.request(`https://vpg.example${path}`)).status,
      ),
    );
    silence.mockRestore();
    expect(statuses).toEqual([503, 503, 503, 503]);
  });

  it("a deployment that lacks its secrets lets nobody in, rather than everybody", async () => {
    await expect(new Pepper("").hash(mine.key)).rejects.toThrow();
    await expect(new GenerationIds("").make(0, new Uint8Array(16))).rejects.toThrow();
    for (const adminSecret of [undefined, ""]) {
      const { isOperator } = makeAccounts({
        adminSecret,
        db: env.DB,
        pepper: "x",
        now: Date.now,
      } as AccountsOptions);
      for (const header of [undefined, "", "Bearer", "Bearer ", "Bearer undefined"]) {
        expect(await isOperator(header)).toBe(false);
      }
    }
  });

  it("methods that nobody declared are refused with those that are", async () => {
    for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const response = await as(mine.key, "/models", undefined, method);
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "GET, HEAD"]);
    }
  });
});

describe("API9 improper inventory management", () => {
  it("every route is in the description, except the operator's and the description's own; and no other", () => {
    const routes = new Set(
      makeApp({ accounts: {} } as Deps)
        .routes.filter(({ method }) => method !== "ALL")
        .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`)
        .filter((route) => !/ \/v1\/admin\/| \/openapi\.json$/.test(route)),
    );
    const described = Object.entries(committed.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual([...routes].sort());
  });

  it("what is served is the description that is kept", async () => {
    expect(await done(call("/openapi.json"))).toEqual(committed);
  });

  it("there is one version, and nothing that was left lying about", async () => {
    for (const path of ["/v0/models", "/v2/models", "/beta/models", "/.env", "/debug", "/metrics", "/docs"]) {
      expect([path, (await call(path)).status]).toEqual([path, 404]);
    }
  });
});

describe("API10 unsafe consumption of APIs", () => {
  // More of them, and bit by bit, in adapters/*.test.ts; each takes as long as we try elsewhere.
  const hostile: [string, string, Extract<Misdeed["act"], { kind: "say" }>][] = [
    ["-decode", "a page", say({ "content-type": "text/html" }, "<script>alert('evil')</script>")],
    ["-1", "a header longer than the body", say({ "inference-header-content-length": "999999999" }, "{}")],
    ["-1", "megabytes", say({ "inference-header-content-length": "2" }, `{}${"evil".repeat(2_000_000)}`)],
    ["-1", "words for the caller", { ...say({}, '{"error":"evil: call +1 555"}'), status: 400 }],
  ];
  function say(headers: Record<string, string>, body: string) {
    return { kind: "say", status: 200, headers, body } as const;
  }

  it.each(hostile)("an endpoint that answers %s with %s is believed nothing", async (suffix, _, act) => {
    const who = await someone();
    const silence = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await misbehave({ suffix, times: 99, act });
    const response = await draw(who.key);
    const text = await response.text();
    silence.mockRestore();
    expect([response.status, JSON.parse(text)]).toMatchObject([503, { error: { code: "no_capacity" } }]);
    expect(text).not.toContain("evil");
    const balance = async () => (await env.LEDGERS.getByName(who.account).account())!.balance;
    await expect.poll(balance).toMatchObject({ held: 0, charged: 0 });
    expect(await done(asOperator(`/accounts/${who.account}`))).toMatchObject({
      ledger: { balance: { charged: 0 } },
    });
  });
});
