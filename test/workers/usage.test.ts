import { env } from "cloudflare:workers";
import { OpenAPIHono } from "@hono/zod-openapi";
import { decodeProtectedHeader, exportJWK, generateKeyPair } from "jose";
import OpenAI from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import type { Caller } from "../../src/accounts/caller.ts";
import type { ApiEnv } from "../../src/api/deps.ts";
import { answerError, refusalOfIssues } from "../../src/api/errors.ts";
import { receiptRoutes } from "../../src/api/receipts.ts";
import { usageRoutes } from "../../src/api/usage.ts";
import { GenerationIds } from "../../src/generation/id.ts";
import { issueReceipt } from "../../src/metering/receipt/issue.ts";
import { makeReceipt } from "../../src/metering/receipt/receipt.ts";
import { openReceipt, publicKeys, signReceipt } from "../../src/metering/receipt/sign.ts";
import { Receipts } from "../../src/metering/receipt/store.ts";
import type { SettledRow } from "../../src/metering/usage/row.ts";
import { endedOf, planOf } from "../ended.ts";

const DAY = 86_400;
const START = Date.UTC(2026, 10, 1) / 1000;
const ids = new GenerationIds("a secret of this test");
const receipts = new Receipts(env.OUTPUTS);
let secret = "";

/** A settlement every six hours for ten days, by two keys of two projects in turn. */
const rows = Array.from(
  { length: 40 },
  (_, i): SettledRow => ({
    seq: i + 1,
    generation: `gen_${i}`,
    apiKey: `key_${i % 2}`,
    project: `proj_${i % 2}`,
    model: "var-sprites",
    charge: 200 + i,
    atMs: (START + (i * DAY) / 4) * 1000,
    usage: { pictures: 2, steps: 5, tokens: 206, size: "64x64" },
  }),
);
const charged = rows.reduce((sum, row) => sum + row.charge, 0);

/** The routes as a caller with these scopes meets them; only `acct_1` has settlements. */
function appFor(caller: Partial<Caller> = {}): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw refusalOfIssues(result.error);
    },
  });
  app.use(async (c, next) => {
    const scopes = ["read", "usage"] as const;
    c.set("caller", {
      account: "acct_1",
      project: "proj_0",
      apiKey: "key_0",
      scopes,
      models: null,
      ...caller,
    });
    await next();
  });
  usageRoutes(app, async (account, fromMs, toMs, afterSeq, limit) =>
    rows
      .filter((row) => account === "acct_1" && fromMs <= row.atMs && row.atMs < toMs && row.seq > afterSeq)
      .slice(0, limit),
  );
  receiptRoutes(app, { ids, receipts, publicKeys: () => publicKeys(secret) });
  app.onError(answerError);
  return app;
}

const client = (app = appFor()) =>
  new OpenAI({
    apiKey: "k",
    adminAPIKey: "k",
    baseURL: "http://localhost/v1",
    maxRetries: 0,
    fetch: async (url, init) => app.request(url as string, init as RequestInit),
  });

const get = (path: string, headers: Record<string, string> = {}, app = appFor()) =>
  app.request(path, { headers });

/** Read as bytes, because workerd warns of text that its type does not call text. */
const textOf = async (response: Response) => new TextDecoder().decode(await response.arrayBuffer());

beforeAll(async () => {
  const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  secret = JSON.stringify(await exportJWK(privateKey));
});

describe("the official openai client", () => {
  it("reads image usage page after page, until all of it is there", async () => {
    const { usage } = client().admin.organization;
    const asked = { start_time: START, end_time: START + 10 * DAY, limit: 3 };
    let images = 0;
    let buckets = 0;
    for (let page: string | null = "first"; page !== null; ) {
      const answer = await usage.images(page === "first" ? asked : { ...asked, page });
      buckets += answer.data.length;
      for (const result of answer.data.flatMap((bucket) => bucket.results)) {
        if (result.object === "organization.usage.images.result") images += result.images;
      }
      expect(answer.has_more).toBe(answer.next_page !== null);
      page = answer.next_page;
    }
    expect({ buckets, images }).toEqual({ buckets: 10, images: 80 });
  });

  it("groups and filters by several values", async () => {
    const { usage } = client().admin.organization;
    const answer = await usage.images({
      start_time: START,
      end_time: START + DAY,
      group_by: ["project_id", "model"],
      project_ids: ["proj_1", "proj_2"],
      bucket_width: "1d",
    });
    expect(answer.data.map((bucket) => bucket.results)).toEqual([
      [
        expect.objectContaining({
          project_id: "proj_1",
          model: "var-sprites",
          size: null,
          num_model_requests: 2,
        }),
      ],
    ]);
    const edits = await usage.images({ start_time: START, end_time: START + DAY, sources: ["image.edit"] });
    expect(edits.data[0]!.results).toEqual([]);
  });

  it("reads costs in micro-credits, to the last one", async () => {
    const answer = await client().admin.organization.usage.costs({
      start_time: START,
      end_time: START + 10 * DAY,
      limit: 180,
      group_by: ["line_item"],
    });
    const results = answer.data.flatMap((bucket) => bucket.results);
    const costs = results.filter((result) => result.object === "organization.costs.result");
    expect(costs.reduce((sum, cost) => sum + cost.amount!.value!, 0)).toBe(charged);
    expect(costs[0]).toMatchObject({
      line_item: "var-sprites, images",
      quantity: 8,
      quantity_unit: "images",
    });
    expect(new Set(costs.map((cost) => cost.amount!.currency))).toEqual(new Set(["micro_credits"]));
  });
});

describe("GET /v1/usage", () => {
  const month = `/v1/usage?start_time=${START}&end_time=${START + 10 * DAY}`;

  it("has a line a day and model, and the total", async () => {
    const answer = (await (await get(month)).json()) as { total: object; data: object[] };
    expect(answer.total).toEqual({
      requests: 40,
      pictures: 80,
      steps: 200,
      tokens: 8240,
      micro_credits: charged,
    });
    expect(answer.data).toHaveLength(10);
    expect(answer.data[9]).toMatchObject({ date: "2026-11-10", model: "var-sprites", pictures: 8 });
  });

  it("is CSV when the query or the header says so, and the query goes first", async () => {
    for (const [path, accept] of [
      [`${month}&format=csv`, "application/json"],
      [month, "text/csv"],
      [month, "application/json;q=0.5, text/csv"],
    ] as const) {
      const response = await get(path, { accept });
      expect(response.headers.get("content-type")).toMatch(/^text\/csv/);
      expect((await response.text()).split("\r\n")[1]).toBe("2026-11-01,var-sprites,4,8,20,824,806");
    }
    for (const [path, accept] of [
      [`${month}&format=json`, "text/csv"],
      [month, "*/*"],
    ] as const) {
      expect(await (await get(path, { accept })).json()).toMatchObject({ object: "usage" });
    }
  });

  it("begins with this month and ends now when no time is given", async () => {
    const { start_time, end_time } = (await (await get("/v1/usage")).json()) as Record<string, number>;
    const now = new Date();
    expect(start_time).toBe(Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) / 1000);
    expect(Math.abs(end_time! - now.getTime() / 1000)).toBeLessThan(5);
  });

  it("shows an account its own settlements only", async () => {
    const answer = await get(month, {}, appFor({ account: "acct_2" }));
    expect(await answer.json()).toMatchObject({ total: { requests: 0 }, data: [] });
  });
});

describe("what is refused", () => {
  const images = `/v1/organization/usage/images?start_time=${START}`;
  const costs = `/v1/organization/costs?start_time=${START}`;
  it.each([
    ["/v1/organization/usage/images", "start_time", "missing_required_parameter"],
    [`${images}&end_time=${START}`, "end_time", "invalid_value"],
    [`${images}&start_time=5`, "start_time", "invalid_value"],
    ["/v1/organization/costs?start_time=soon", "start_time", "invalid_value"],
    [`${images}&limit=32`, "limit", "invalid_value"],
    [`${images}&limit=0`, "limit", "invalid_value"],
    [`${images}&group_by=user_id`, "group_by.0", "invalid_value"],
    [`${images}&user_ids[]=u`, "user_ids[]", "unknown_parameter"],
    [`${images}&page=nonsense`, "page", "invalid_value"],
    [`${costs}&bucket_width=1h`, "bucket_width", "invalid_value"],
    [`${costs}&limit=181`, "limit", "invalid_value"],
    [`/v1/usage?start_time=0&end_time=${367 * DAY}`, "start_time", "invalid_value"],
    ["/v1/usage?format=xml", "format", "invalid_value"],
  ])("%s", async (path, param, code) => {
    const response = await get(path);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param, code } });
  });

  it("a key without the scope", async () => {
    const app = appFor({ scopes: ["generate"] });
    const id = await ids.make(Date.now(), new Uint8Array(16));
    for (const path of ["/v1/usage", images, costs, `/v1/generations/${id}/receipt`]) {
      expect(await (await get(path, {}, app)).json()).toMatchObject({ error: { code: "scope_missing" } });
    }
  });
});

describe("receipts", () => {
  async function settled(account: string) {
    const id = await ids.make(Date.now(), crypto.getRandomValues(new Uint8Array(16)));
    const ended = endedOf(planOf(), "completed");
    const { project, apiKey, endedMs } = ended;
    const end = { ...ended.end, account, generation: id };
    const record = { ...ended, terms: { project, apiKey }, finishedMs: endedMs };
    await issueReceipt({ issuer: ended.issuer, secret, receipts }, end, record);
    const receipt = makeReceipt({ ...ended, end });
    const jws = await signReceipt(receipt, secret);
    return { path: `/v1/generations/${id}/receipt`, id, receipt, jws };
  }

  it("come as JSON with their JWS, or as the JWS alone, and open with the published keys", async () => {
    const { path, receipt, jws } = await settled("acct_1");
    expect(await (await get(path)).json()).toEqual({ object: "receipt", receipt, jws });
    const bare = await get(path, { accept: "application/jose" });
    expect(bare.headers.get("content-type")).toBe("application/jose");
    expect(await textOf(bare)).toBe(jws);
    const keys = await get("/.well-known/jwks.json");
    expect(keys.headers.get("cache-control")).toBe("public, max-age=300");
    const opened = await openReceipt(jws, await keys.json());
    expect(opened).toEqual({ kind: "valid", receipt, kid: decodeProtectedHeader(jws).kid });
  });

  it("stay as they were first signed, though a settlement is repeated", async () => {
    const { path, id, jws } = await settled("acct_1");
    await receipts.put("acct_1", id, "another");
    expect(await textOf(await get(path, { accept: "application/jose" }))).toBe(jws);
  });

  it("are not issued for what was never started", async () => {
    const ended = endedOf(planOf(), "failed", 0);
    const id = await ids.make(Date.now(), crypto.getRandomValues(new Uint8Array(16)));
    const end = { ...ended.end, generation: id, reason: "void" as const };
    const record = { ...ended, terms: { project: "proj_1", apiKey: "key_1" }, finishedMs: null };
    await issueReceipt({ issuer: ended.issuer, secret, receipts }, end, record);
    expect(await receipts.get("acct_1", id)).toBeNull();
  });

  it("of another account, of nothing, or under an invented id are not found, all alike", async () => {
    const { path } = await settled("acct_2");
    const unsettled = await ids.make(Date.now(), crypto.getRandomValues(new Uint8Array(16)));
    const answers = await Promise.all(
      [path, `/v1/generations/${unsettled}/receipt`, "/v1/generations/gen_1/receipt"].map(async (one) => {
        const response = await get(one);
        return [response.status, await response.text()];
      }),
    );
    expect(answers[0]![0]).toBe(404);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });
});

describe("the description", () => {
  it("shows lists as lists, whole numbers as whole numbers, and the required start", () => {
    const spec = appFor().getOpenAPI31Document({ openapi: "3.1.0", info: { title: "t", version: "1" } });
    const { parameters } = spec.paths!["/v1/organization/usage/images"]!.get! as {
      parameters: { name: string; required: boolean; schema: { type: string } }[];
    };
    const shown = new Map(parameters.map(({ name, required, schema }) => [name, [required, schema.type]]));
    expect(shown.get("start_time")).toEqual([true, "integer"]);
    expect(shown.get("group_by")).toEqual([false, "array"]);
    expect(shown.get("limit")).toEqual([false, "integer"]);
  });
});
