import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, makeReceipt } from "../src/metering/receipt/receipt.ts";
import { publicKeys, signReceipt } from "../src/metering/receipt/sign.ts";
import type { Plan } from "../src/plan/plan.ts";
import { endedOf, planOf } from "../test/ended.ts";

const script = fileURLToPath(new URL("verify.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vpg-verify-"));
const secret = JSON.stringify(generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }));
const pictures = ["picture 0", "picture 1"].map((content) => Buffer.from(content));
const plan = planOf({ vpg: { scale: 1.5 } });

/** An API that publishes the keys and draws what it is told to; it keeps what it was asked. */
let api: Server;
let origin: string;
let drawn = pictures;
let asked: { body: Record<string, unknown>; authorization: string | undefined } | null = null;

const inFolder = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

/** A signed receipt in a file. */
async function receiptOf(of: Plan, change: Partial<Ended> = {}): Promise<string> {
  const receipt = makeReceipt({ ...endedOf(of, "completed"), issuer: origin, ...change });
  return inFolder("receipt.jws", `${await signReceipt(receipt, secret)}\n`);
}

async function verify(args: readonly string[], input = ""): Promise<{ status: number | null; said: string }> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(input);
  const status = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, said: out + err };
}

let keys: string;

beforeAll(async () => {
  const keySet = await publicKeys(secret);
  keys = inFolder("jwks.json", JSON.stringify(keySet));
  api = createServer(async (request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url === "/.well-known/jwks.json") return response.end(JSON.stringify(keySet));
    asked = {
      body: (await json(request)) as Record<string, unknown>,
      authorization: request.headers.authorization,
    };
    response.end(
      JSON.stringify({
        data: drawn.map((picture) => ({ b64_json: picture.toString("base64") })),
        vpg: { generation_id: "gen_2", revision: plan.revision, numerics: ["class 0"] },
      }),
    );
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});

afterAll(() => {
  api.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("npm run verify", () => {
  it("checks a receipt offline, recomputes its price, and knows its outputs in any order", async () => {
    const files = pictures.map((picture, i) => inFolder(`${i}.png`, picture)).reverse();
    const receipt = await receiptOf(plan);
    const { status, said } = await verify([receipt, "--jwks", keys, "--outputs", ...files]);
    expect(said).toMatch(/ok {3}signature {2}Ed25519/);
    expect(said).toMatch(/ok {3}price .*recomputed by the catalogue's price table 2026-/);
    expect(said).toMatch(
      /ok {3}file .*1\.png is picture 1\nok {3}file .*0\.png is picture 0\nthe receipt holds/,
    );
    expect(status).toBe(0);
  });

  it("reads the API's JSON from stdin, and the keys where the issuer publishes them", async () => {
    const receipt = makeReceipt({ ...endedOf(plan, "cancelled", 2), issuer: origin });
    const { status, said } = await verify(
      ["-"],
      JSON.stringify({ receipt, jws: await signReceipt(receipt, secret) }),
    );
    expect(said).toContain(`of ${origin}/.well-known/jwks.json`);
    expect(said).toContain(`2 of ${plan.steps.length} steps delivered`);
    expect(status).toBe(0);
  });

  it("says so when the price table is another than the catalogue's, and goes by the receipt's own", async () => {
    const price = { version: "1999-01-01", steps: plan.price.steps.map((step) => 2 * step) };
    const end = endedOf({ ...plan, price }, "completed").end;
    const { status, said } = await verify([await receiptOf({ ...plan, price }, { end }), "--jwks", keys]);
    expect(said).toMatch(
      /price .*by the receipt's own prices \(table 1999-01-01\); the catalogue here has table/,
    );
    expect(status).toBe(0);
  });

  it("fails on a price that the table of its version does not give", async () => {
    const price = { ...plan.price, steps: plan.price.steps.map((step) => step + 1) };
    const end = endedOf({ ...plan, price }, "completed").end;
    const { status, said } = await verify([await receiptOf({ ...plan, price }, { end }), "--jwks", keys]);
    expect(said).toMatch(/FAIL price .*micro-credits of step 0: 22 on the receipt, 21 by its figures/);
    expect(status).toBe(1);
  });

  it("fails on a foreign file, on another prompt, and on another signer's keys", async () => {
    const receipt = await receiptOf(plan);
    const foreign = inFolder("foreign.png", "foreign");
    const file = await verify([receipt, "--jwks", keys, "--outputs", foreign]);
    expect(file).toMatchObject({ status: 1, said: expect.stringMatching(/FAIL file .*foreign\.png/) });
    const prompt = await verify([receipt, "--jwks", keys, "--prompt", "fish"]);
    expect(prompt).toMatchObject({ status: 1, said: expect.stringMatching(/FAIL prompt/) });
    const other = JSON.stringify(generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }));
    const theirs = inFolder("theirs.json", JSON.stringify(await publicKeys(other)));
    const signer = await verify([receipt, "--jwks", theirs]);
    expect(signer).toMatchObject({
      status: 1,
      said: expect.stringMatching(/FAIL signature .*which is not in/),
    });
  });

  it("makes the pictures again with the same settings and seeds, and compares them", async () => {
    const key = inFolder("key", "vpg_key\n");
    const receipt = await receiptOf(plan);
    const again = [receipt, "--again", origin, "--prompt", "a Mushroom", "--key-file", key];
    const { status, said } = await verify(again);
    expect(said).toMatch(/ok {3}prompt/);
    expect(said).toMatch(/again {6}picture 1 is the same to the last bit \(gen_2\)/);
    expect(status).toBe(0);
    expect(asked).toEqual({
      authorization: "Bearer vpg_key",
      body: {
        model: "var-sprites",
        prompt: "a Mushroom",
        n: 2,
        seed: 7,
        size: "64x64",
        output_format: "png",
        guidance_scale: plan.guidanceScale,
        temperature: plan.sampling.temperature,
        top_k: plan.sampling.topK,
        top_p: plan.sampling.topP,
        numerics: "class 0",
        vpg: { scale: 1.5, schedule: "constant", corruption: { ratio: 0.1, kind: "embedding" } },
      },
    });
    drawn = [pictures[0]!, Buffer.from("another")];
    const differing = await verify(again);
    drawn = pictures;
    expect(differing.said).toMatch(
      /ok {3}again .*picture 0 is the same[\s\S]*FAIL again .*picture 1 differs/,
    );
    expect(differing.status).toBe(1);
  });

  it("sends the corruption seed along where one was given for all pictures", async () => {
    const given = planOf({ vpg: { scale: 1.5, corruption: { seed: 99 } } });
    await verify([await receiptOf(given), "--again", origin, "--prompt", "mushroom"]);
    expect(asked!.body.vpg).toMatchObject({ corruption: { seed: 99 } });
  });

  it("makes nothing again with a prompt that is not the one", async () => {
    asked = null;
    const { status } = await verify([await receiptOf(plan), "--again", origin, "--prompt", "fish"]);
    expect({ status, asked }).toEqual({ status: 1, asked: null });
  });

  it("says what it needs, with status 2, when it cannot even begin", async () => {
    expect(await verify([])).toMatchObject({ status: 2, said: expect.stringContaining("--jwks") });
    expect((await verify([join(folder, "nothing")])).status).toBe(2);
    expect((await verify(["-", "--jwks", keys], '{"receipt": {}}')).status).toBe(2);
  });
});
