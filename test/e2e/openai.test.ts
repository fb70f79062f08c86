/** `npm start` as a user has it, called by the official client. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lines } from "../../scripts/lines.ts";
import { freePort } from "../../scripts/port.ts";

const folder = mkdtempSync(join(tmpdir(), "vpg-edge-"));
const output: string[] = [];
let server: ChildProcess;
let port: number;
let client: OpenAI;

beforeAll(async () => {
  port = await freePort();
  server = spawn("node", ["scripts/start.ts", "--port", `${port}`, "--folder", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    server.on("exit", (code) => reject(new Error(`npm start ended with ${code}: ${output.join("\n")}`)));
    void (async () => {
      for await (const line of lines(server.stdout!)) {
        output.push(line);
        const key = /authorization: Bearer (\w+)/.exec(line)?.[1];
        if (key === undefined) continue;
        client = new OpenAI({ apiKey: key, baseURL: `http://localhost:${port}/v1` });
        resolve();
      }
    })();
  });
}, 120_000);

afterAll(async () => {
  server.removeAllListeners("exit");
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGINT");
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

/** The fields of ours that the client's types do not know. */
const ours = { seed: 7, vpg: { scale: 1.5 } };

describe("the official openai client", () => {
  it("draws pictures, the same ones for the same request", async () => {
    const asked = { model: "var-sprites", prompt: "mushroom", n: 2, ...ours };
    const [first, second] = [await client.images.generate(asked), await client.images.generate(asked)];
    expect(first.data).toHaveLength(2);
    expect(Buffer.from(first.data![0]!.b64_json!, "base64").subarray(1, 4).toString()).toBe("PNG");
    expect(second.data).toEqual(first.data);
    expect(first).toMatchObject({
      vpg: { model: "var-sprites" },
      _request_id: expect.stringMatching(/^req_/),
    });
  });

  it("streams previews and ends", async () => {
    const stream = await client.images.generate({
      prompt: "a rocket",
      stream: true,
      partial_images: 3,
      ...ours,
    });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types.at(-1)).toBe("image_generation.completed");
    expect(types.filter((type) => type === "image_generation.partial_image").length).toBeGreaterThan(0);
  });

  it("gives pictures as links, which anyone may fetch, whole, in part, or their headers alone", async () => {
    const asked = { model: "var-sprites", prompt: "mushroom", ...ours };
    const [linked, plain] = [
      await client.images.generate({ ...asked, response_format: "url" }),
      await client.images.generate(asked),
    ];
    const url = linked.data![0]!.url!;
    const bytes = Buffer.from(plain.data![0]!.b64_json!, "base64");
    const whole = await fetch(url);
    expect(whole.headers.get("content-length")).toBe(`${bytes.length}`);
    expect(whole.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes);
    const part = await fetch(url, { headers: { range: "bytes=1-3" } });
    expect([part.status, part.headers.get("content-length"), await part.text()]).toEqual([206, "3", "PNG"]);
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, `${bytes.length}`]);
  });

  it("lists the models and shows one", async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(["var-sprites", "var-scenes"]);
    expect(await client.models.retrieve("var-sprites")).toMatchObject({
      object: "model",
      owned_by: "vpg-edge",
    });
  });

  it("gets its own error class for a bad request, with the field", async () => {
    const wrong = client.images.generate({ prompt: "dragon" });
    await expect(wrong).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(wrong).rejects.toMatchObject({ param: "prompt", code: "invalid_value" });
  });
});

describe("npm start", () => {
  it("logs one readable line a request", () => {
    const requests = output.filter((line) => /^(GET|POST) /.test(line));
    expect(requests).toContainEqual(
      expect.stringMatching(/^POST \/v1\/images\/generations 200 \d+ ms gen_[0-9a-f]+$/),
    );
    expect(requests).toContainEqual(expect.stringMatching(/^POST \/v1\/images\/generations 400 \d+ ms$/));
  });

  it("says so when its port is taken", async () => {
    const second = spawn("node", ["scripts/start.ts", "--port", `${port}`, "--folder", folder]);
    const said: string[] = [];
    second.stderr.on("data", (chunk) => said.push(String(chunk)));
    const code = await new Promise((resolve) => second.once("exit", resolve));
    expect(code).toBe(1);
    expect(said.join("")).toContain(`port ${port} is taken`);
  });
});
