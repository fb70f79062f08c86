import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { call, events, misbehave } from "./client.ts";
import { as, newAccount, newKey } from "./operator.ts";

const PROMPT = "a Mushroom nobody must hear of";
const said: string[] = [];

beforeEach(async () => {
  await misbehave();
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => {
      said.push(
        parts
          .map((part) => (part instanceof Error ? `${part.stack} ${String(part.cause)}` : String(part)))
          .join(" "),
      );
    });
  }
});
afterEach(() => vi.restoreAllMocks());

it("what is logged of all that can happen holds no key, no secret, no prompt and no Idempotency-Key", async () => {
  const account = await newAccount();
  const { key, id } = await newKey(account);
  const unknown = await newKey(account);
  await env.DB.prepare("DELETE FROM api_keys WHERE id = ?").bind(unknown.id).run();
  const draw = (body: object, headers: Record<string, string> = {}) =>
    call("/v1/images/generations", {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const asked = { prompt: "a Mushroom", seed: 3, user: "somebody in particular" };

  // What goes well: drawn, streamed, joined, listed, made and rotated.
  const drawn = await draw(asked, { "idempotency-key": "my-order-4711" });
  expect(drawn.status).toBe(200);
  const { data } = (await drawn.json()) as { data: { b64_json: string }[] };
  await events(
    await draw({ ...asked, stream: true, partial_images: 2 }, { "idempotency-key": "my-order-4712" }),
  );
  await draw(asked, { "idempotency-key": "my-order-4711" });
  const made = (await (await as(key, "/keys", { name: "the name of a key" })).json()) as { key: string };
  const rotated = (await (await as(key, `/keys/${id}/rotate`, {})).json()) as { key: string };

  // What is refused: a prompt, a body, keys, and keys where they do not belong.
  expect((await draw({ prompt: PROMPT })).status).toBe(400);
  expect((await draw({ [PROMPT]: 1 })).status).toBe(400);
  expect((await draw(asked, { "idempotency-key": "my-order 4713" })).status).toBe(400);
  expect((await as(unknown.key, "/models")).status).toBe(401);
  expect((await as(`${key}x`, "/models")).status).toBe(401);
  expect((await as(key, `/keys/${key}`)).status).toBe(404);
  expect((await as(key, `/keys/${encodeURIComponent(`${key}=`)}?key=${key}`)).status).toBe(404);
  expect((await call(`/${key}?key=${key}`)).status).toBe(404);
  expect((await as(`${env.ADMIN_SECRET}x`, "/admin/accounts")).status).toBe(404);

  // What fails: an endpoint that refuses, a directory that is down, objects that die.
  const say = { kind: "say", status: 400, headers: {}, body: '{"error":"no such class"}' } as const;
  await misbehave({ suffix: "-1", times: 99, act: say });
  const failed = await draw({ ...asked, seed: 4 });
  expect(failed.status).toBe(503);
  await misbehave();
  vi.spyOn(env.DB.constructor.prototype, "prepare").mockImplementationOnce(() => {
    throw new Error("D1_ERROR");
  });
  expect((await as(made.key, "/models")).status).toBe(503);
  await abortAllDurableObjects();

  const text = said.join("\n");
  expect(text).toMatch(/POST \/v1\/images\/generations 200 .*gen_/);
  expect(text).toContain("GET /v1/keys/vpge_*** 404");
  expect(text).toContain("rejected: 400 no such class");
  expect(text).toContain("D1_ERROR");
  for (const secret of [
    ...[key, unknown.key, made.key, rotated.key].flatMap((one) => [one, one.slice(5)]),
    env.ADMIN_SECRET,
    "a pepper of the tests",
    "a secret of the tests",
    (JSON.parse(env.RECEIPT_KEY) as { d: string }).d,
    "Mushroom",
    "mushroom",
    "nobody must hear",
    "somebody in particular",
    "the name of a key",
    "my-order",
    data[0]!.b64_json.slice(100, 140),
  ]) {
    expect(text).not.toContain(secret);
  }
});
