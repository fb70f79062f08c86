/** Two endpoints of one class, each behind a proxy that spoils answers: the picture is the same, and the record tells. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Endpoint, startEndpoint } from "../../kernels/local/server.ts";
import { providerOf } from "../../scripts/built-in.ts";
import { type OwnWorker, startOwnWorker } from "../../scripts/own-worker.ts";
import { linesOf, type StreamLine } from "../sse.ts";
import type { Misdeed } from "../unruly/misdeed.ts";
import { startUnruly } from "../unruly/proxy.ts";

const asked = { prompt: "boat", n: 2, seed: 11, vpg: { scale: 1 } };
let endpoint: Endpoint;
let proxies: Awaited<ReturnType<typeof startUnruly>>[] = [];
let worker: OwnWorker;
let authorization: string;

beforeAll(async () => {
  endpoint = await startEndpoint({ port: 0 });
  proxies = await Promise.all([startUnruly(endpoint.url), startUnruly(endpoint.url)]);
  const providers = proxies.map(({ url }, i) => ({
    ...providerOf({ url, models: endpoint.models }),
    name: ["near", "far"][i],
    region: ["eu-central-1", "us-east-1"][i],
  }));
  worker = await startOwnWorker({ providers });
  authorization = `Bearer ${worker.key}`;
}, 120_000);

afterAll(async () => {
  await worker.close();
  for (const proxy of proxies) proxy.close();
  await endpoint.close();
});

/** Whoever is asked first spoils its answer, and so does whoever comes next: the third call is answered. */
const bothOnce = (suffix: string, act: Misdeed["act"]): Promise<unknown> =>
  Promise.all(
    proxies.map(({ url }) =>
      fetch(`${url}/misdeeds`, { method: "POST", body: JSON.stringify([{ suffix, times: 1, act }]) }),
    ),
  );

beforeEach(() => bothOnce("-never", { kind: "cut" }));

const post = (body: object) =>
  fetch(`${worker.url}/v1/images/generations`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization },
    body: JSON.stringify(body),
  });

const get = async (path: string) =>
  (await fetch(`${worker.url}${path}`, { headers: { authorization } })).json();

async function read(body: object): Promise<{ id: string; lines: StreamLine[]; pictures: unknown[] }> {
  const response = await post({ ...asked, stream: true, ...body });
  const lines: StreamLine[] = [];
  for await (const line of linesOf(response)) lines.push(line);
  const pictures = lines
    .filter(({ type }) => type === "image_generation.completed")
    .map(({ data }) => data.b64_json);
  return { id: response.headers.get("x-generation-id")!, lines, pictures };
}

describe("an endpoint that fails in the middle of a picture", () => {
  const spoils: [string, string, Misdeed["act"]][] = [
    ["cuts a tensor", "-4", { kind: "cut" }],
    ["refuses a step", "-2", { kind: "refuse", status: 500 }],
    ["answers with nothing", "-6", { kind: "say", status: 200, headers: {}, body: "" }],
    ["cuts the decoded picture", "-decode", { kind: "cut" }],
  ];
  it.each(spoils)(
    "that %s is left, and the bytes are those of an undisturbed run",
    async (_what, suffix, act) => {
      const undisturbed = await read({ numerics: "exact" });
      await bothOnce(suffix, act);
      const { id, lines, pictures } = await read({
        numerics: "exact",
        stream_options: { include_failover: true },
      });
      expect(pictures).toEqual(undisturbed.pictures);
      const told = lines.filter(({ type }) => type === "vpg.failover").map(({ data }) => data);
      const step = suffix === "-decode" ? null : Number(suffix.slice(1));
      expect(told.length).toBeGreaterThan(0);
      for (const { from, to, step: at, images } of told) {
        expect([from, to].sort()).toEqual(["far", "near"]);
        expect({ at, images }).toEqual({ at: step, images: [0, 1] });
      }
      const record = await get(`/v1/generations/${id}`);
      expect(record.status).toBe("completed");
      if (step === null) return;
      const { tried } = record.steps[step].routes[0];
      expect(tried.map(({ endpoint: name }: { endpoint: string }) => name).sort()).toEqual(["far", "near"]);
      const receipt = await get(`/v1/generations/${id}/receipt`);
      expect(JSON.stringify(receipt)).not.toBe("");
    },
  );

  it("is not told of in a stream that did not ask", async () => {
    await bothOnce("-3", { kind: "cut" });
    const { lines } = await read({});
    expect(lines.map(({ type }) => type)).not.toContain("vpg.failover");
    expect(lines.filter(({ type }) => type === "image_generation.completed")).toHaveLength(2);
  });
});

describe("where a picture is drawn", () => {
  it("is the region that was asked for, and nowhere else", async () => {
    for (const [region, name] of [
      ["eu", "near"],
      ["us-east-1", "far"],
    ]) {
      const { id } = await read({ region });
      const { steps } = await get(`/v1/generations/${id}`);
      const names = steps.flatMap(({ routes }: { routes: { endpoint: string }[] }) =>
        routes.map((r) => r.endpoint),
      );
      expect(new Set(names)).toEqual(new Set([name]));
    }
  });

  it.each([
    ["region", { region: "asia" }],
    ["numerics", { numerics: "no such class" }],
    ["numerics", { numerics: "no such class", region: "eu" }],
    ["stream_options", { stream_options: { include_failover: true } }],
  ])("is refused by its field where nobody serves it: %s", async (param, body) => {
    const response = await post({ ...asked, ...body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param, type: "invalid_request_error" } });
  });

  it("is listed with the model", async () => {
    const model = await get("/v1/models/var-sprites");
    expect(model).toMatchObject({
      regions: ["eu-central-1", "us-east-1"],
      numerics: [{ class: endpoint.models.find(({ id }) => id === model.id)!.numerics, exact: true }],
    });
  });
});
