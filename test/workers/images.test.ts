import { exports } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { catalogue } from "../../src/catalogue/index.ts";
import { events, keyed, misbehave, post } from "./client.ts";

const K = catalogue[0].schedules[0]!.steps.length;
const asked = { model: "var-sprites", prompt: "mushroom", n: 2, seed: 7, vpg: { scale: 1.5 } };
const PNG = [0x89, 0x50, 0x4e, 0x47];

interface Answer {
  data: { b64_json: string }[];
  vpg: {
    generation_id: string;
    pictures: { seed: number }[];
    numerics: string[];
    warnings: { param: string }[];
  };
  usage: { output_tokens: number };
  safety_identifier: string | null;
  output_format: string;
}
const answer = async (body: unknown) => (await post(body)).json() as Promise<Answer>;
const bytes = (b64: string) => Uint8Array.from(atob(b64), (char) => char.charCodeAt(0));

beforeEach(() => misbehave());

describe("POST /v1/images/generations", () => {
  it("answers with n different pictures and all that is needed to make them again", async () => {
    const response = await post(asked);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-request-id")).toMatch(/^req_/);
    expect(response.headers.get("server-timing")).toMatch(
      /parse;dur=.*auth;dur=.*reserve;dur=.*gpu;dur=.*decode;dur=/,
    );
    const body = (await response.json()) as Answer;
    expect(response.headers.get("x-generation-id")).toBe(body.vpg.generation_id);
    expect(body.data).toHaveLength(2);
    expect([...bytes(body.data[0]!.b64_json).subarray(0, 4)]).toEqual(PNG);
    expect(body.data[0]).not.toEqual(body.data[1]);
    expect(body.vpg).toMatchObject({ model: "var-sprites", steps: K, pictures: [{ seed: 7 }, {}] });
    expect(body.vpg.numerics).toHaveLength(1);
  });

  it("gives the same bytes for the same request, and each picture alone for its seed", async () => {
    const first = await answer(asked);
    expect((await answer(asked)).data).toEqual(first.data);
    const { seed } = first.vpg.pictures[1]!;
    expect((await answer({ ...asked, n: 1, seed })).data).toEqual([first.data[1]]);
  });

  it("gives another picture for another seed, and for another strength of VPG", async () => {
    const { data } = await answer({ ...asked, n: 1 });
    expect((await answer({ ...asked, n: 1, seed: 8 })).data).not.toEqual(data);
    expect((await answer({ ...asked, n: 1, vpg: { scale: 5 } })).data).not.toEqual(data);
  });

  it("takes `vpg: false` for scale 0", async () => {
    const off = await answer({ ...asked, n: 1, vpg: false });
    expect((await answer({ ...asked, n: 1, vpg: { scale: 0 } })).data).toEqual(off.data);
  });

  it.each([
    ["webp", [0x52, 0x49, 0x46, 0x46]],
    ["jpeg", [0xff, 0xd8, 0xff]],
  ])("encodes %s", async (output_format, magic) => {
    const { data, output_format: echoed } = await answer({ ...asked, n: 1, output_format });
    expect([...bytes(data[0]!.b64_json).subarray(0, magic.length)]).toEqual(magic);
    expect(echoed).toBe(output_format);
  });

  it("takes what the OpenAI client sends: nulls, user, and fields without effect, which it names", async () => {
    const body = await answer({
      prompt: "a Fish",
      size: null,
      n: null,
      user: "u1",
      quality: "high",
      background: "auto",
    });
    expect(body.safety_identifier).toBe("u1");
    expect(body.vpg.warnings).toEqual([{ param: "quality", message: expect.stringContaining("no effect") }]);
    expect(body.usage.output_tokens).toBeGreaterThan(0);
  });

  it("streams a preview after every step when as many are asked for, and ends each picture once", async () => {
    const response = await post({ ...asked, stream: true, partial_images: K });
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const all = await events(response);
    const of = (type: string) => all.filter((event) => event.type === type);
    expect(of("image_generation.completed").map(({ data }) => data.image_index)).toEqual([0, 1]);
    const previews = of("image_generation.partial_image");
    expect(previews.length).toBeGreaterThan(0);
    expect(previews.length).toBeLessThanOrEqual(2 * K);
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort((a, b) => a! - b!));
    const plain = await answer(asked);
    expect(of("image_generation.completed").map(({ data }) => data.b64_json)).toEqual(
      plain.data.map(({ b64_json }) => b64_json),
    );
  });
});

describe("what is refused", () => {
  const refused: [string, unknown, string | null, string][] = [
    ["no prompt", {}, "prompt", "missing_required_parameter"],
    ["an unknown class", { prompt: "dragon" }, "prompt", "invalid_value"],
    [
      "a negative prompt where there are classes",
      { prompt: "fish", negative_prompt: "fog" },
      "negative_prompt",
      "unsupported_value",
    ],
    ["an unknown parameter", { prompt: "fish", steps: 3 }, "steps", "unknown_parameter"],
    [
      "an unknown parameter within vpg",
      { prompt: "fish", vpg: { lambda: 1 } },
      "vpg.lambda",
      "unknown_parameter",
    ],
    ["n of 0", { prompt: "fish", n: 0 }, "n", "invalid_value"],
    ["n of 11", { prompt: "fish", n: 11 }, "n", "invalid_value"],
    ["a size it does not make", { prompt: "fish", size: "1024x1024" }, "size", "invalid_value"],
    ["gif", { prompt: "fish", output_format: "gif" }, "output_format", "unsupported_value"],
    ["another format", { prompt: "fish", response_format: "hex" }, "response_format", "invalid_value"],
    [
      "a transparent ground",
      { prompt: "fish", background: "transparent" },
      "background",
      "unsupported_value",
    ],
    [
      "previews without a stream",
      { prompt: "fish", partial_images: 1 },
      "partial_images",
      "unsupported_value",
    ],
    [
      "too many previews",
      { prompt: "fish", stream: true, partial_images: K + 1 },
      "partial_images",
      "invalid_value",
    ],
    ["a negative seed", { prompt: "fish", seed: -1 }, "seed", "invalid_value"],
    ["a seed past 2^53 - 1", '{"prompt":"fish","seed":9007199254740992}', "seed", "invalid_value"],
    ["a fractional seed", { prompt: "fish", seed: 1.5 }, "seed", "invalid_value"],
    ["top_p above 1", { prompt: "fish", top_p: 1.5 }, "top_p", "invalid_value"],
    ["a word for a number", { prompt: "fish", temperature: "hot" }, "temperature", "invalid_value"],
    [
      "a list of the wrong length",
      { prompt: "fish", vpg: { schedule: [1, 2] } },
      "vpg.schedule",
      "invalid_value",
    ],
    [
      "an unknown kind",
      { prompt: "fish", vpg: { corruption: { kind: "x" } } },
      "vpg.corruption.kind",
      "invalid_value",
    ],
    ["vpg: true", { prompt: "fish", vpg: true }, "vpg", "invalid_value"],
    ["a body that is no JSON", "{", null, "invalid_json"],
    ["a body that is no object", "[]", null, "invalid_value"],
  ];
  it.each(refused)("%s", async (_what, body, param, code) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: { type: "invalid_request_error", message: expect.any(String), param, code },
    });
    expect(response.headers.get("x-request-id")).toMatch(/^req_/);
  });

  it("another model, with 404", async () => {
    const response = await post({ prompt: "fish", model: "dall-e-2" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { param: "model", code: "model_not_found" } });
  });

  it.each(["", "two words", "x".repeat(256), "cl\u00e9"])(
    "an Idempotency-Key that is none: %s",
    async (value) => {
      const response = await post(asked, { headers: { "idempotency-key": value } });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { param: "Idempotency-Key" } });
    },
  );

  it("no body at all, of no type, is none to refuse; one in pieces of another type is, with 415", async () => {
    const id = (await post(asked)).headers.get("x-generation-id");
    const cancel = (body: BodyInit, headers: HeadersInit = {}) =>
      keyed(`/v1/generations/${id}/cancel`, { method: "POST", body, headers });
    const pieces = (...texts: string[]) =>
      new ReadableStream({
        start(controller) {
          for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      });
    expect((await cancel(new Uint8Array(0), { "content-length": "0" })).status).toBe(200);
    expect((await cancel(pieces())).status).toBe(200);
    expect((await cancel(pieces("{", "}"), { "content-type": "text/plain" })).status).toBe(415);
    expect((await cancel(pieces("{", "}"))).status).toBe(415);
  });

  it("a body of another type, with 415, and one too large, with 413", async () => {
    expect((await post("prompt=fish", { headers: { "content-type": "text/plain" } })).status).toBe(415);
    expect((await post({ prompt: "x".repeat(2 ** 21) })).status).toBe(413);
  });

  it("another method, with 405 and what is allowed", async () => {
    const response = await keyed("/v1/images/generations");
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(await response.json()).toMatchObject({ error: { code: "method_not_allowed" } });
  });

  it("whoever brings no key, here as on any other host", async () => {
    for (const url of ["http://vpg.example/v1/models", "http://localhost:8787/v1/models"]) {
      const response = await exports.default.fetch(new Request(url));
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({
        error: { code: "invalid_api_key", type: "authentication_error" },
      });
    }
  });
});

describe("every model of the catalogue", () => {
  it.each(catalogue.map((model) => [model.id, model] as const))(
    "%s draws its last class by name, in as many tokens as its steps have",
    async (id, model) => {
      const classes = model.condition.kind === "class" ? model.condition.classes : [];
      const prompt = classes.at(-1)!;
      const response = await post({ model: id, prompt, seed: 3, vpg: { scale: 0.5 } });
      expect(response.status).toBe(200);
      const { vpg, usage } = (await response.json()) as Answer & { vpg: object };
      expect(vpg).toMatchObject({ model: id, revision: model.revision });
      const tokens = model.schedules[0]!.steps.reduce((sum, { t, h, w }) => sum + t * h * w, 0);
      expect(usage.output_tokens).toBe(tokens);
    },
  );
});

describe("the other routes", () => {
  it("list the models and show one", async () => {
    const list = (await (await keyed("/v1/models")).json()) as { data: { id: string }[] };
    expect(list).toMatchObject({
      object: "list",
      data: catalogue.map(({ id }) => ({ id, object: "model" })),
    });
    expect(await (await keyed("/v1/models/var-sprites")).json()).toEqual(list.data[0]);
    expect((await keyed("/v1/models/none")).status).toBe(404);
  });

  it("describe themselves in OpenAPI", async () => {
    const { openapi, paths } = (await (await keyed("/openapi.json")).json()) as {
      openapi: string;
      paths: object;
    };
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths).sort()).toEqual([
      "/.well-known/jwks.json",
      "/healthz",
      "/outputs/{id}/{file}",
      "/v1/account",
      "/v1/account/entries",
      "/v1/generations",
      "/v1/generations/{id}",
      "/v1/generations/{id}/cancel",
      "/v1/generations/{id}/events",
      "/v1/generations/{id}/receipt",
      "/v1/images/generations",
      "/v1/keys",
      "/v1/keys/{id}",
      "/v1/keys/{id}/disable",
      "/v1/keys/{id}/rotate",
      "/v1/models",
      "/v1/models/{id}",
      "/v1/organization/costs",
      "/v1/organization/usage/images",
      "/v1/projects",
      "/v1/usage",
      "/v1/webhooks",
      "/v1/webhooks/{id}",
    ]);
  });

  it("know nothing at other paths", async () => {
    expect((await keyed("/v1/nothing")).status).toBe(404);
    expect(await (await keyed("/healthz")).json()).toEqual({ status: "ok" });
  });
});
