import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { catalogue } from "../../src/catalogue/index.ts";
import { call, misbehave, sse } from "./client.ts";
import { as, done, newAccount, newKey, refusal } from "./operator.ts";

const asked = {
  model: "var-sprites",
  prompt: "rocket",
  n: 2,
  seed: 21,
  response_format: "url",
  vpg: { scale: 1 },
};
const K = catalogue[0].schedules[0]!.steps.length;
const DAY_MS = 24 * 60 * 60_000;
const KEPT_MS = 30 * DAY_MS;

interface Drawn {
  readonly id: string;
  readonly account: string;
  readonly key: string;
  readonly url: string;
}

const post = (key: string, body: object, headers: Record<string, string> = {}) =>
  call("/v1/images/generations", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });

/** A finished and settled generation of a new account. */
async function draw(headers: Record<string, string> = {}): Promise<Drawn> {
  const account = await newAccount();
  const { key } = await newKey(account);
  const { data, vpg } = await done<{ data: { url: string }[]; vpg: { generation_id: string } }>(
    post(key, asked, headers),
  );
  const id = vpg.generation_id;
  const receipt = async () => (await as(key, `/generations/${id}/receipt`)).status;
  await expect.poll(receipt, { timeout: 10_000 }).toBe(200);
  return { id, account, key, url: data[0]!.url };
}

const objectOf = ({ id }: Drawn) => env.GENERATIONS.getByName(id);
const ledgerOf = ({ account }: Drawn) => env.LEDGERS.getByName(account);
const deleteIt = ({ key, id }: Drawn) => as(key, `/generations/${id}`, undefined, "DELETE");
const linkStatus = async ({ url }: Drawn) => (await call(url.replace("http://localhost:8787", ""))).status;
const storedOutputs = async ({ id }: Drawn) =>
  (await env.OUTPUTS.list({ prefix: `generations/${id}/` })).objects.length;

/** Every row of every table of an object, as one text. */
function everythingIn(object: DurableObjectStub): Promise<string> {
  return runInDurableObject(object, (_, { storage: { sql } }) => {
    const tables = sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
      )
      .toArray();
    return JSON.stringify(tables.map(({ name }) => [name, sql.exec(`SELECT * FROM "${name}"`).toArray()]));
  });
}

const tokensAndEvents = (drawn: Drawn) =>
  runInDurableObject(objectOf(drawn), (_, { storage: { sql } }) =>
    sql
      .exec("SELECT (SELECT count(tokens) FROM journal) AS tokens, (SELECT count(*) FROM events) AS events")
      .one(),
  );

/** What must be so once prompt, tokens and outputs are gone. */
async function expectGone(drawn: Drawn): Promise<void> {
  const { key, id } = drawn;
  expect(await everythingIn(objectOf(drawn))).not.toContain("rocket");
  expect(await tokensAndEvents(drawn)).toEqual({ tokens: 0, events: 0 });
  expect(await storedOutputs(drawn)).toBe(0);
  expect(await done(as(key, `/generations/${id}`))).toMatchObject({
    status: "expired",
    settings: null,
    outputs: [],
  });
  expect(await refusal(as(key, `/generations/${id}/events`))).toEqual([410, "asset_expired", null]);
  const { receipt } = await done<{ receipt: object }>(as(key, `/generations/${id}/receipt`));
  expect(receipt).toMatchObject({ generation: id, status: "completed", outputs: [{}, {}] });
}

/** Moves the clock of everything that runs here, and wakes the generation as its alarm would. */
async function wakeAt(nowMs: number, drawn: Drawn): Promise<void> {
  vi.setSystemTime(nowMs);
  await runDurableObjectAlarm(objectOf(drawn));
}

beforeEach(() => misbehave());
afterEach(() => {
  vi.useRealTimers();
});

describe("after KEEP_DAYS", () => {
  it("a generation's own alarm removes prompt, tokens and outputs, no sooner, and the receipt stays", async () => {
    const drawn = await draw();
    const { completed_at } = await done<{ completed_at: number }>(as(drawn.key, `/generations/${drawn.id}`));
    const goneMs = completed_at * 1000 + KEPT_MS;
    vi.useFakeTimers({ toFake: ["Date"] });
    await wakeAt(goneMs - 1_000, drawn);
    expect(await everythingIn(objectOf(drawn))).toContain("rocket");
    expect(await tokensAndEvents(drawn)).toEqual({ tokens: K, events: 2 });
    expect(await storedOutputs(drawn)).toBe(2);
    const { outputs } = await done<{ outputs: { url: string }[] }>(as(drawn.key, `/generations/${drawn.id}`));
    const expires = Number(new URL(outputs[0]!.url).searchParams.get("expires"));
    expect(expires * 1000).toBeLessThanOrEqual(goneMs + 1_000);
    await wakeAt(goneMs + 1_000, drawn);
    await expectGone(drawn);
    await runDurableObjectAlarm(ledgerOf(drawn));
    expect(await everythingIn(ledgerOf(drawn))).not.toContain("rocket");
  });

  it("a link that was made is expired too, and says so", async () => {
    const drawn = await draw();
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 3_601_000);
    const answer = call(drawn.url.replace("http://localhost:8787", ""));
    expect(await refusal(answer)).toEqual([410, "link_expired", null]);
  });
});

describe("DELETE /v1/generations/{id}", () => {
  it("removes prompt, tokens and outputs at once, wherever they are kept; again is as once", async () => {
    const once = { "idempotency-key": "gone-1" };
    const drawn = await draw(once);
    expect(await linkStatus(drawn)).toBe(200);
    for (const _ of [1, 2]) {
      expect(await done(deleteIt(drawn))).toEqual({
        id: drawn.id,
        object: "generation.deleted",
        deleted: true,
      });
      await expectGone(drawn);
      expect(await everythingIn(ledgerOf(drawn))).not.toContain("rocket");
      const answer = call(drawn.url.replace("http://localhost:8787", ""));
      expect(await refusal(answer)).toEqual([410, "asset_expired", null]);
    }
    expect(await refusal(post(drawn.key, asked, once))).toEqual([410, "asset_expired", null]);
  });

  it("of what still runs is a 409, of what was cancelled not", async () => {
    const { key } = await newKey(await newAccount());
    await misbehave({ suffix: "-3", times: 1, act: { kind: "hold", ms: 20_000 } });
    const response = await post(key, { ...asked, stream: true });
    const id = response.headers.get("x-generation-id")!;
    for await (const event of sse(response)) {
      if (event.data.text !== "step 2") continue;
      expect(await refusal(as(key, `/generations/${id}`, undefined, "DELETE"))).toEqual([
        409,
        "still_running",
        null,
      ]);
      await done(as(key, `/generations/${id}/cancel`, {}));
    }
    await done(as(key, `/generations/${id}`, undefined, "DELETE"));
    expect(await done(as(key, `/generations/${id}`))).toMatchObject({
      status: "expired",
      failure: "cancelled",
    });
  });

  it("of what a hang-up has stopped is a 409 too, as it may still be taken up", async () => {
    const { key } = await newKey(await newAccount());
    await misbehave({ suffix: "-3", times: 1, act: { kind: "hold", ms: 20_000 } });
    const response = await post(key, { ...asked, stream: true });
    const id = response.headers.get("x-generation-id")!;
    for await (const event of sse(response)) if (event.data.text === "step 2") break;
    const status = async () => (await done<{ status: string }>(as(key, `/generations/${id}`))).status;
    await expect.poll(status, { timeout: 10_000 }).toBe("stopped");
    const deletion = as(key, `/generations/${id}`, undefined, "DELETE");
    expect(await refusal(deletion)).toEqual([409, "still_running", null]);
  });

  it("of another account's is a 404, and theirs stays", async () => {
    const drawn = await draw();
    const other = await newKey(await newAccount());
    expect(await refusal(deleteIt({ ...drawn, key: other.key }))).toEqual([404, "not_found", "id"]);
    expect(await linkStatus(drawn)).toBe(200);
    expect(await storedOutputs(drawn)).toBe(2);
  });
});
