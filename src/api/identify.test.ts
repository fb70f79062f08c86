import { Hono } from "hono";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Accounts } from "../accounts/index.ts";
import type { ApiEnv } from "./deps.ts";
import { answerError } from "./errors.ts";
import { identify, refuseAuthOff } from "./identify.ts";

const LOCAL = "http://localhost:8787";
const oldest = { id: "proj_1", account: "acct_1", name: "default", createdMs: 0 };
const keyHolder = { account: "acct_2", project: "proj_2", apiKey: "key_2", scopes: ["admin"], models: null };
let logged: unknown[][];

beforeEach(() => {
  logged = [];
  vi.spyOn(console, "error").mockImplementation((...said: unknown[]) => void logged.push(said));
});

/** Asks an app that answers every path with its caller. */
async function ask(
  url: string,
  deps: { local: boolean; authOff: boolean; empty?: boolean },
  token = "operator",
) {
  const accounts = {
    directory: { oldest: async () => (deps.empty ? null : oldest) },
    identifier: { identify: async () => keyHolder },
    isOperator: async (header?: string) => header === "Bearer operator",
  } as unknown as Accounts;
  const app = new Hono<ApiEnv>();
  app.use(refuseAuthOff({ ...deps, accounts }));
  app.use("/v1/*", identify({ ...deps, accounts }));
  app.get("*", (c) => c.json({ caller: c.get("caller") ?? null }));
  app.onError(answerError);
  const response = await app.request(url, { headers: { authorization: `Bearer ${token}` } });
  const body = (await response.json()) as { error?: { code: string; message: string }; caller?: object };
  return { status: response.status, ...body };
}

describe("AUTH=off", () => {
  it.each(["localhost", "127.0.0.1", "[::1]"])(
    "on %s takes every caller for the oldest account, with every scope but admin",
    async (host) => {
      const { caller } = await ask(`http://${host}:8787/v1/models`, { local: true, authOff: true });
      expect(caller).toMatchObject({
        account: "acct_1",
        project: "proj_1",
        scopes: ["generate", "read", "usage"],
        models: null,
      });
    },
  );

  it("tells how to make the first account where there is none", async () => {
    expect(await ask(`${LOCAL}/v1/models`, { local: true, authOff: true, empty: true })).toMatchObject({
      status: 503,
      error: { code: "directory_unavailable", message: expect.stringContaining("create-account") },
    });
  });

  it.each([
    ["without VPG_LOCAL", LOCAL, false],
    ["under a public name", "https://api.example.com", true],
    ["under a name that only begins like a loopback", "http://localhost.example.com", true],
    ["under an address of the local network", "http://192.168.0.5:8787", true],
  ])("%s refuses every request, and says why in the log alone", async (_, url, local) => {
    for (const path of ["/v1/models", "/v1/admin/accounts", "/healthz", "/openapi.json", "/"]) {
      const { status, error } = await ask(url + path, { local, authOff: true });
      expect([status, error!.code]).toEqual([503, "auth_off"]);
      expect(error!.message).not.toContain("AUTH");
      expect(logged.splice(0).flat().join(" ")).toContain("AUTH=off");
    }
  });
});

describe("the operator's paths", () => {
  it.each([true, false])("open to the operator's secret alone, AUTH off: %s", async (authOff) => {
    const deps = { local: true, authOff };
    expect(await ask(`${LOCAL}/v1/admin/accounts`, deps)).toEqual({ status: 200, caller: null });
    expect(await ask(`${LOCAL}/v1/admin/accounts`, deps, "guess")).toMatchObject({
      status: 404,
      error: { code: "not_found" },
    });
  });
});

describe("with keys", () => {
  it("the caller is whose key it is, on one's own machine too", async () => {
    for (const [url, local] of [
      ["https://api.example.com", false],
      [LOCAL, true],
    ] as const) {
      expect(await ask(`${url}/v1/models`, { local, authOff: false })).toMatchObject({ caller: keyHolder });
    }
  });

  it("the operator's paths have no caller, and only theirs do", async () => {
    const of = async (path: string) => (await ask(LOCAL + path, { local: true, authOff: false })).caller;
    expect(await of("/v1/admin")).toBeNull();
    expect(await of("/v1/admin/x/y")).toBeNull();
    expect(await of("/v1/administrators")).toEqual(keyHolder);
    expect(await of("/v1/keys/admin")).toEqual(keyHolder);
  });
});
