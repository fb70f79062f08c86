import { env, exports } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { makeApp } from "../../src/api/app.ts";
import type { Deps } from "../../src/api/deps.ts";
import { call, keyed, misbehave, post } from "./client.ts";
import { as } from "./operator.ts";

const ORIGIN = "https://app.example";
const ofCors = (response: Response) =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith("access-control-")));

const preflight = (path: string, method: string, headers = "authorization,content-type") =>
  call(path, {
    method: "OPTIONS",
    headers: {
      origin: ORIGIN,
      "access-control-request-method": method,
      "access-control-request-headers": headers,
    },
  });

/** An answer of each kind: drawn, streamed, listed, refused by every layer, and public. */
const answers: [string, () => Promise<Response>][] = [
  ["pictures", () => post({ prompt: "fish", seed: 1 })],
  ["a stream", () => post({ prompt: "fish", seed: 1, stream: true })],
  ["keys", () => keyed("/v1/keys")],
  ["an account", () => keyed("/v1/account")],
  ["a refusal without a key", () => call("/v1/models")],
  ["a refusal of a value", () => post({ prompt: "fish", n: 0 })],
  ["a body too large", () => post({ prompt: "x".repeat(2 ** 21) })],
  ["another method", () => keyed("/v1/models", { method: "PUT" })],
  ["nothing there", () => keyed("/v1/nothing")],
  ["nothing anywhere", () => call("/nothing")],
  ["the operator's", () => as(env.ADMIN_SECRET, "/admin/accounts")],
  ["the operator's to a stranger", () => call("/v1/admin/accounts")],
  ["health", () => call("/healthz")],
  ["the description", () => call("/openapi.json")],
  ["a preflight", () => preflight("/v1/models", "GET")],
];

describe("every answer", () => {
  it.each(answers)("is data and no page, and says so: %s", async (_, ask) => {
    await misbehave();
    const response = await ask();
    await response.body?.cancel();
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": expect.stringMatching(/^no-store\b/),
      "x-request-id": expect.stringMatching(/^req_/),
    });
    expect(response.headers.has("strict-transport-security")).toBe(false);
    expect(response.headers.has("access-control-allow-credentials")).toBe(false);
    expect(response.headers.has("set-cookie")).toBe(false);
  });

  it("asks for https from then on where it came by https", async () => {
    for (const path of ["/healthz", "/v1/models", "/nothing"]) {
      const response = await exports.default.fetch(new Request(`https://vpg.example${path}`));
      expect(response.headers.get("strict-transport-security")).toMatch(/^max-age=\d{8}/);
    }
  });

  it("may be kept where it is the public keys, and only once there are any", async () => {
    expect((await call("/.well-known/jwks.json")).headers.get("cache-control")).toMatch(/^public/);
    const failing = makeApp({
      accounts: {},
      publicKeys: () => Promise.reject(new Error()),
    } as unknown as Deps);
    const silence = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const response = await failing.request("/.well-known/jwks.json");
    silence.mockRestore();
    expect([response.status, response.headers.get("cache-control")]).toEqual([500, "no-store"]);
  });
});

describe("a page of another origin", () => {
  it("may ask, without a key, what it may send, and hears the methods of that very path", async () => {
    for (const [path, methods] of [
      ["/v1/images/generations", "POST"],
      ["/v1/models", "GET,HEAD"],
      ["/v1/generations/gen_1", "DELETE,GET,HEAD"],
      ["/v1/keys/key_1", "GET,HEAD,PATCH"],
    ] as const) {
      const response = await preflight(path, methods.split(",")[0]!);
      expect([response.status, await response.text()]).toEqual([204, ""]);
      expect(ofCors(response)).toMatchObject({
        "access-control-allow-origin": "*",
        "access-control-allow-methods": methods,
        "access-control-max-age": "7200",
      });
    }
  });

  it("may send a key, a body and what the official client adds, and no header beyond", async () => {
    const allowed = (await preflight("/v1/models", "GET")).headers.get("access-control-allow-headers")!;
    expect(allowed.split(",").sort()).toEqual([
      "authorization",
      "content-type",
      "idempotency-key",
      "last-event-id",
      "openai-organization",
      "openai-project",
      "user-agent",
      "x-stainless-arch",
      "x-stainless-helper-method",
      "x-stainless-lang",
      "x-stainless-os",
      "x-stainless-package-version",
      "x-stainless-retry-count",
      "x-stainless-runtime",
      "x-stainless-runtime-version",
      "x-stainless-timeout",
    ]);
  });

  it("may read the answer and these headers of it, refusals too", async () => {
    const read = { origin: ORIGIN };
    const drawn = await post({ prompt: "fish", seed: 1 }, { headers: read });
    for (const response of [drawn, await call("/v1/models", { headers: read })]) {
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-expose-headers")!.split(",").sort()).toEqual([
        "allow",
        "retry-after",
        "retry-after-ms",
        "server-timing",
        "x-generation-id",
        "x-ratelimit-limit-images",
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-images",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-images",
        "x-ratelimit-reset-requests",
        "x-request-id",
        "x-should-retry",
      ]);
    }
  });

  it("hears nothing of the operator's paths, nor of paths that are not there", async () => {
    for (const path of ["/v1/admin", "/v1/admin/accounts", "/v1/admin/accounts/acct_1/keys"]) {
      const asked = await preflight(path, "POST");
      expect([asked.status, ofCors(asked)]).toEqual([404, {}]);
      const read = await call(path, {
        headers: { origin: ORIGIN, authorization: `Bearer ${env.ADMIN_SECRET}` },
      });
      expect(ofCors(read)).toEqual({});
    }
    expect((await preflight("/v1/nothing", "GET")).status).toBe(401);
    expect((await preflight("/nothing", "GET")).status).toBe(404);
  });

  it("may nothing where no key is asked for", async () => {
    const open = makeApp({ accounts: {}, local: true, authOff: true } as unknown as Deps);
    const headers = { origin: ORIGIN, "access-control-request-method": "GET" };
    for (const init of [{ method: "OPTIONS", headers }, { headers }]) {
      expect(ofCors(await open.request("http://localhost:8787/healthz", init))).toEqual({});
    }
  });

  it("gets no preflight's answer to an OPTIONS that is none", async () => {
    const response = await keyed("/v1/models", { method: "OPTIONS" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("an Idempotency-Key that is none", () => {
  it("is refused with a price quote too", async () => {
    const response = await keyed("/v1/images/generations?dry_run=true", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "two words" },
      body: JSON.stringify({ prompt: "fish" }),
    });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { param: "Idempotency-Key" } },
    ]);
  });
});

describe("a body", () => {
  const nothing = () => new ReadableStream({ start: (controller) => controller.close() });

  it.each(["POST", "DELETE"])("that is empty is none: %s", async (method) => {
    const path = `/v1/generations/gen_${"0".repeat(56)}${method === "POST" ? "/cancel" : ""}`;
    const response = await keyed(path, { method, body: nothing() });
    expect(response.status).toBe(404);
  });

  it("that is absent is refused where there must be one, though all of its fields may be absent", async () => {
    const { data } = (await (await keyed("/v1/keys")).json()) as { data: { id: string }[] };
    const change = (init: RequestInit) => keyed(`/v1/keys/${data[0]!.id}`, { method: "PATCH", ...init });
    const absent = await change({});
    expect([absent.status, await absent.json()]).toMatchObject([400, { error: { code: "invalid_json" } }]);
    const empty = { headers: { "content-type": "application/json" }, body: "{}" };
    expect((await change(empty)).status).toBe(200);
  });

  it("that is no JSON is refused where none is read, too", async () => {
    const response = await keyed(`/v1/generations/gen_${"0".repeat(56)}/cancel`, {
      method: "POST",
      body: "x",
    });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ error: { param: "content-type" } });
  });
});
