import { abortAllDurableObjects, evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { catalogue } from "../../src/catalogue/index.ts";
import { seedPictures } from "../../src/engine/seeds.ts";
import type { Attached } from "../../src/generation/ports.ts";
import type { GenerationRecord } from "../../src/generation/record.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { events, keyed, misbehave, post, record, seen, settled, sse } from "./client.ts";

const K = catalogue[0].schedules[0]!.steps.length;
const asked = { model: "var-sprites", prompt: "boat", n: 2, seed: 21, vpg: { scale: 1 } };

const terms = {
  account: "acct_test",
  project: "proj_test",
  apiKey: "key_test",
  hangUp: "finish",
  comesBack: false,
} as const;

const follow = (id: string, lastEventId?: number) =>
  keyed(
    `/v1/generations/${id}/events`,
    lastEventId === undefined ? {} : { headers: { "last-event-id": `${lastEventId}` } },
  );

/** The pictures of a stream, by index. */
async function pictures(response: Response): Promise<unknown[]> {
  const done = (await events(response)).filter(({ type }) => type === "image_generation.completed");
  return done
    .sort((a, b) => Number(a.data.image_index) - Number(b.data.image_index))
    .map(({ data }) => data.b64_json);
}

/** Starts a stream and leaves it open at its first event, step 3 being held back. */
async function startHeld(ms: number, signal?: AbortSignal): Promise<{ id: string; response: Response }> {
  await misbehave({ suffix: "-3", times: 1, act: { kind: "hold", ms } });
  const response = await post({ ...asked, stream: true }, signal ? { signal } : {});
  return { id: response.headers.get("x-generation-id")!, response };
}

let undisturbed: unknown[] = [];

beforeEach(async () => {
  await misbehave();
  if (undisturbed.length === 0) undisturbed = await pictures(await post({ ...asked, stream: true }));
});

describe("a generation", () => {
  it("gives the same bytes when its object is lost in the middle, again and again", async () => {
    await misbehave(
      { suffix: "-1", times: 1, act: { kind: "hold", ms: 600 } },
      { suffix: "-2", times: 1, act: { kind: "hold", ms: 600 } },
      { suffix: "-4", times: 1, act: { kind: "hold", ms: 600 } },
    );
    const response = await post({ ...asked, stream: true });
    const id = response.headers.get("x-generation-id")!;
    const reading = pictures(response);
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      await abortAllDurableObjects();
    }
    expect(await reading).toEqual(undisturbed);
    expect(await pictures(await follow(id))).toEqual(undisturbed);
  });

  it("goes on by its alarm when nobody listens, though its object is lost", async () => {
    const request = { ...asked, size: "auto", format: "png", partialImages: 0 };
    const plan = makePlan(request, catalogue[0], seedPictures);
    const object = env.GENERATIONS.get(env.GENERATIONS.newUniqueId());
    await misbehave({ suffix: "-2", times: 1, act: { kind: "hold", ms: 300 } });
    await object.start("gen_alone", "digest", plan, terms);
    await abortAllDurableObjects();
    const again = env.GENERATIONS.get(object.id);
    const status = async () => ((await again.describe("acct_test")) as GenerationRecord).status;
    await expect.poll(status, { timeout: 20_000 }).toBe("completed");
    const attached = (await again.attach("acct_test", "late", 0)) as Attached;
    const lines = (await new Response(attached.lines).text()).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).media)).toEqual(undisturbed);
  });

  it("starts once: the same plan again joins, another is refused, and an unknown object writes nothing", async () => {
    const plan = makePlan(
      { ...asked, size: "auto", format: "png", partialImages: 0 },
      catalogue[0],
      seedPictures,
    );
    const object = env.GENERATIONS.get(env.GENERATIONS.newUniqueId());
    expect(await object.describe("acct_test")).toBe("unknown");
    expect(await object.attach("acct_test", "early", 0)).toBe("unknown");
    const tables = await runInDurableObject(object, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
    expect(await object.start("gen_once", "digest", plan, terms)).toBe("started");
    expect(await object.start("gen_once", "digest", plan, terms)).toBe("started");
    expect(await object.start("gen_once", "another", plan, terms)).toBe("mismatch");
    const status = async () => ((await object.describe("acct_test")) as GenerationRecord).status;
    await expect.poll(status, { timeout: 20_000 }).toBe("completed");
  });

  it.each([
    ["a step refused with 503", { suffix: "-2", times: 2, act: { kind: "refuse", status: 503 } }],
    ["a step cut in the middle of a tensor", { suffix: "-4", times: 1, act: { kind: "cut" } }],
    ["a decoding cut in the middle", { suffix: "-decode", times: 1, act: { kind: "cut" } }],
  ] as const)("gives the same bytes after %s", async (_what, misdeed) => {
    await misbehave(misdeed);
    expect(await pictures(await post({ ...asked, stream: true }))).toEqual(undisturbed);
  });

  it("fails through us after three wakes without a new step, and says so once a picture", async () => {
    await misbehave({ suffix: "-1", times: 99, act: { kind: "refuse", status: 500 } });
    const response = await post({ ...asked, stream: true });
    const all = await events(response);
    expect(all.map(({ type }) => type)).toEqual(["vpg.picture_failed", "vpg.picture_failed", "error"]);
    expect(all.at(-1)!.data).toMatchObject({ error: { code: "no_capacity" }, images: [0, 1] });
    const id = response.headers.get("x-generation-id")!;
    expect(await record(id)).toMatchObject({ status: "failed", steps: [{ step: 0 }] });
    // Four runs, each of which lets the one endpoint there is fail six times.
    expect((await seen()).filter((one) => one.id === `${id}-1`)).toHaveLength(4 * 6);
  });

  it("answers a JSON request that failed with an error and no pictures", async () => {
    await misbehave({ suffix: "-0", times: 99, act: { kind: "refuse", status: 400 } });
    const response = await post(asked);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: "no_capacity", param: null } });
  });

  it("stops within a step when its client hangs up, and goes on when someone listens again", async () => {
    const client = new AbortController();
    const { id, response } = await startHeld(5_000, client.signal);
    const reading = sse(response);
    for (
      let event = await reading.next();
      event.value?.data.text !== "step 2";
      event = await reading.next()
    ) {
      expect(event.done).toBe(false);
    }
    const third = async () => (await seen()).find((one) => one.id === `${id}-3`);
    await expect.poll(third, { timeout: 3_000 }).toMatchObject({ aborted: false });
    client.abort();
    expect(await settled(id, 3_000)).toBe("stopped");
    await expect.poll(third, { timeout: 3_000 }).toMatchObject({ aborted: true });
    expect(await pictures(await follow(id))).toEqual(undisturbed);
    expect((await record(id)).status).toBe("completed");
  });
});

describe("GET /v1/generations/{id}/events", () => {
  it("goes on after Last-Event-ID", async () => {
    const response = await post({ ...asked, stream: true, partial_images: 2 });
    const all = await events(response);
    const id = response.headers.get("x-generation-id")!;
    const last = all.at(-2)!.id!;
    expect(await events(await follow(id, last))).toEqual(all.slice(-1));
    expect(await events(await follow(id, all.at(-1)!.id!))).toEqual([]);
  });

  it("gives a latecomer the rest of a running generation", async () => {
    const { id, response } = await startHeld(800);
    const [late, first] = await Promise.all([pictures(await follow(id)), pictures(response)]);
    expect(late).toEqual(undisturbed);
    expect(first).toEqual(undisturbed);
  });

  it("refuses a Last-Event-ID that is no number, and ids that are not ours", async () => {
    const { response, id } = await startHeld(1);
    await events(response);
    const wrong = await keyed(`/v1/generations/${id}/events`, { headers: { "last-event-id": "x" } });
    expect(wrong.status).toBe(400);
    const forged = id.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
    for (const path of [
      `/v1/generations/${forged}`,
      `/v1/generations/${forged}/events`,
      "/v1/generations/x",
    ]) {
      expect((await keyed(path)).status).toBe(404);
    }
  });

  it("survives the eviction of a finished generation", async () => {
    const response = await post({ ...asked, stream: true });
    await events(response);
    const id = response.headers.get("x-generation-id")!;
    await evictAllDurableObjects();
    expect(await pictures(await follow(id))).toEqual(undisturbed);
    expect(await record(id)).toMatchObject({
      status: "completed",
      progress: { done: K, steps: K },
      steps: Array.from({ length: K }, (_, step) => ({ step, routes: [{ endpoint: "builtin" }] })),
    });
  });
});
