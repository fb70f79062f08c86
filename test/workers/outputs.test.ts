import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { call, events, keyed, misbehave, post, record } from "./client.ts";
import { done, refusal } from "./operator.ts";

const asked = { model: "var-sprites", prompt: "boat", n: 2, seed: 21, vpg: { scale: 1 } };
const linked = { ...asked, response_format: "url" };
const HOUR_S = 3600;

interface Answer {
  readonly data: readonly { readonly url?: string; readonly b64_json?: string }[];
  readonly vpg: { readonly generation_id: string };
}

const draw = (body: object, headers: Record<string, string> = {}) => done<Answer>(post(body, { headers }));
const idOf = ({ vpg }: Answer) => vpg.generation_id;

/** Fetches a link as anyone may: without a key. */
const open = (url: string, init?: RequestInit) => call(url.replace("http://localhost:8787", ""), init);
const ranged = (url: string, range: string, headers: Record<string, string> = {}) =>
  open(url, { headers: { range, ...headers } });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const decoded = (b64: string) => Uint8Array.from(atob(b64), (char) => char.charCodeAt(0));
const expiresOf = (url: string) => Number(new URL(url).searchParams.get("expires"));

let url = "";
let picture = new Uint8Array();

beforeEach(async () => {
  await misbehave();
  if (url) return;
  url = (await draw(linked)).data[0]!.url!;
  picture = decoded((await draw(asked)).data[0]!.b64_json!);
});

describe("response_format: url", () => {
  it("gives every picture as a link of an hour, which needs no key, and no base64", async () => {
    const { data, ...answer } = await draw(linked);
    const plain = await draw(asked);
    expect(data.map((one) => Object.keys(one))).toEqual([["url"], ["url"]]);
    for (const [i, one] of data.entries()) {
      expect(one.url).toMatch(
        new RegExp(`^http://localhost:8787/outputs/${answer.vpg.generation_id}/${i}\\.png\\?`),
      );
      expect(Math.abs(expiresOf(one.url!) - Date.now() / 1000 - HOUR_S)).toBeLessThan(60);
      expect(await bytesOf(await open(one.url!))).toEqual(decoded(plain.data[i]!.b64_json!));
    }
  });

  it("in a stream: previews stay base64, each picture's completed event has its link instead", async () => {
    const all = await events(await post({ ...linked, stream: true, partial_images: 1 }));
    const of = (type: string) => all.filter((event) => event.type === `image_generation.${type}`);
    expect(of("partial_image").every(({ data }) => typeof data.b64_json === "string" && !data.url)).toBe(
      true,
    );
    const completed = of("completed").map(({ data }) => data);
    expect(completed).toHaveLength(2);
    for (const data of completed) {
      expect(data).not.toHaveProperty("b64_json");
      expect((await open(data.url as string)).status).toBe(200);
    }
  });

  it("is fresh in whatever tells of the pictures again: a replay, the record, the events", async () => {
    const once = { "idempotency-key": "links-1" };
    const first = await draw(linked, once);
    const id = idOf(first);
    const again = await draw(linked, once);
    expect(idOf(again)).toBe(id);
    const { outputs } = (await record(id)) as unknown as { outputs: { url: string; sha256: string }[] };
    const told = await events(await keyed(`/v1/generations/${id}/events?response_format=url`));
    for (const urls of [
      again.data.map((one) => one.url!),
      outputs.map((one) => one.url),
      told.map(({ data }) => data.url as string),
    ]) {
      expect(urls).toHaveLength(2);
      expect(await bytesOf(await open(urls[0]!))).toEqual(picture);
      expect(expiresOf(urls[0]!)).toBeGreaterThanOrEqual(expiresOf(first.data[0]!.url!));
    }
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", picture)).toHex();
    expect(outputs[0]!.sha256).toBe(digest);
    const plain = await events(await keyed(`/v1/generations/${id}/events`));
    expect(plain.every(({ data }) => typeof data.b64_json === "string")).toBe(true);
  });

  it("asked of the events in another word is refused by name", async () => {
    const { vpg } = await draw(asked);
    const path = `/v1/generations/${vpg.generation_id}/events`;
    expect(await refusal(keyed(`${path}?response_format=hex`))).toEqual([
      400,
      "invalid_value",
      "response_format",
    ]);
    expect(await refusal(keyed(`${path}?format=url`))).toEqual([400, "unknown_parameter", "format"]);
  });
});

describe("a link", () => {
  it("gives the file with all that a browser or cache should know", async () => {
    const response = await open(url);
    expect(response.status).toBe(200);
    const told = Object.fromEntries(response.headers);
    expect(told).toMatchObject({
      "content-type": "image/png",
      "content-length": `${picture.length}`,
      "accept-ranges": "bytes",
      etag: expect.stringMatching(/^"[0-9a-f]+"$/),
      "x-content-type-options": "nosniff",
      "content-disposition": expect.stringMatching(/^inline; filename="gen_[0-9a-f]+-0\.png"$/),
    });
    const [, age] = /^private, max-age=(\d+)$/.exec(told["cache-control"]!)!;
    expect(Number(age)).toBeGreaterThan(HOUR_S - 120);
    expect(Number(age)).toBeLessThanOrEqual(HOUR_S);
    expect(await bytesOf(response)).toEqual(picture);
  });

  it.each([
    ["webp", "image/webp"],
    ["jpeg", "image/jpeg"],
  ])("names the type of %s", async (output_format, type) => {
    const { data } = await draw({ ...linked, n: 1, output_format });
    expect(data[0]!.url).toContain(`/0.${output_format}?`);
    expect((await open(data[0]!.url!)).headers.get("content-type")).toBe(type);
  });

  it("answers HEAD with the headers alone, whatever range it names", async () => {
    for (const headers of [{}, { range: "bytes=0-1" }]) {
      const response = await open(url, { method: "HEAD", headers });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-length")).toBe(`${picture.length}`);
      expect(await bytesOf(response)).toHaveLength(0);
    }
  });

  it.each([
    ["bytes=0-3", 0, 4],
    ["bytes=10-19", 10, 20],
    ["bytes=-5", -5, undefined],
    ["bytes=20-", 20, undefined],
    ["bytes=5-999999999", 5, undefined],
  ])("gives the range %s with 206", async (range, from, to) => {
    const response = await ranged(url, range);
    const expected = picture.slice(from, to);
    expect(response.status).toBe(206);
    const offset = from < 0 ? picture.length + from : from;
    expect(response.headers.get("content-range")).toBe(
      `bytes ${offset}-${offset + expected.length - 1}/${picture.length}`,
    );
    expect(response.headers.get("content-length")).toBe(`${expected.length}`);
    expect(await bytesOf(response)).toEqual(expected);
  });

  it("refuses a range past the end with 416 and the size", async () => {
    const response = await ranged(url, `bytes=${picture.length}-`);
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe(`bytes */${picture.length}`);
    expect(response.headers.get("cache-control") ?? "").not.toContain("max-age");
    expect(await response.json()).toMatchObject({ error: { code: "range_not_satisfiable", param: "Range" } });
  });

  it("gives the whole where a range is none, or If-Range means another file", async () => {
    const etag = (await open(url, { method: "HEAD" })).headers.get("etag")!;
    for (const response of [
      await ranged(url, "bytes=0-1,3-4"),
      await ranged(url, "rows=0-1"),
      await ranged(url, "bytes=0-1", { "if-range": '"another"' }),
      await ranged(url, "bytes=0-1", { "if-range": "Mon, 30 Nov 2026 10:00:00 GMT" }),
    ]) {
      expect(response.status).toBe(200);
      expect(await bytesOf(response)).toEqual(picture);
    }
    expect((await ranged(url, "bytes=0-1", { "if-range": etag })).status).toBe(206);
  });

  it("sends nothing again to whom has it: 304", async () => {
    const etag = (await open(url, { method: "HEAD" })).headers.get("etag")!;
    const response = await open(url, { headers: { "if-none-match": `"x", ${etag}` } });
    expect([response.status, response.headers.get("etag"), (await bytesOf(response)).length]).toEqual([
      304,
      etag,
      0,
    ]);
    expect((await open(url, { headers: { "if-none-match": '"x"' } })).status).toBe(200);
  });

  it("that is not ours is a 404 with one text, be there such a file or not", async () => {
    const texts = new Set<string>();
    for (const wrong of [
      url.replace("/0.png", "/1.png"),
      url.replace("/0.png", "/9.png"),
      url.replace(/gen_.{4}/, "gen_0000"),
      url.replace(/expires=\d/, "expires=9"),
      url.replace(/signature=.*/, `signature=${"0".repeat(64)}`),
      url.replace(/signature=.*/, "signature=x"),
    ]) {
      const response = await open(wrong);
      expect(response.status).toBe(404);
      texts.add(await response.text());
    }
    expect([...texts].map((text) => JSON.parse(text))).toEqual([
      {
        error: { type: "invalid_request_error", code: "not_found", message: expect.any(String), param: null },
      },
    ]);
    expect(await refusal(open(url.replace(/&signature=.*/, "")))).toEqual([
      400,
      "missing_required_parameter",
      "signature",
    ]);
  });

  it("is the only way in: what lies in storage is not served by its name", async () => {
    const { objects } = await env.OUTPUTS.list();
    expect(objects.length).toBeGreaterThan(0);
    for (const { key } of objects.slice(0, 3)) {
      expect((await open(`/${key}`)).status).toBe(404);
      expect((await open(`/outputs/${key}`)).status).not.toBe(200);
    }
  });
});
