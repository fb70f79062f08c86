/** The provider config: what a typo, a missing secret, a ceiling and a forgotten model come to. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/catalogue/index.ts";
import { google } from "../../test/adapters/gateway/google.ts";
import { serve } from "../../test/adapters/server.ts";
import { type KnownModel, loadProviders } from "./load.ts";
import { ConfigError } from "./parse.ts";

const [sprites] = catalogue;

const model = (change: object = {}) => ({
  id: sprites.id,
  revision: sprites.revision,
  numerics: { class: "noise", exact: true },
  ...change,
});

const lab = (change: object = {}) => ({
  name: "lab",
  kind: "triton",
  url: "http://127.0.0.1:1",
  region: null,
  price: { second: 300, gigabyte: 90_000 },
  models: [model()],
  ...change,
});

const aws = (change: object = {}) => ({
  name: "aws",
  kind: "sagemaker",
  region: "eu-central-1",
  endpoint: "sprites",
  accessKey: "AWS_KEY",
  secretKey: "AWS_SECRET",
  price: { second: 400, gigabyte: 90_000 },
  models: [model()],
  ...change,
});

const secrets = (name: string) =>
  ({ AWS_KEY: "AKIAEXAMPLE", AWS_SECRET: "very secret", LAB_TOKEN: "token" })[name];

function load(providers: readonly object[], models: readonly KnownModel[] = [sprites]) {
  const lines: string[] = [];
  const { offers } = loadProviders({ providers }, models, { secrets }, (line) => lines.push(line));
  return { offers, lines };
}

function problems(...providers: object[]): string {
  try {
    load(providers);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "none";
}

describe("a config", () => {
  test("becomes an offer a provider and model, with what the operator said and what the kind has", () => {
    const { offers, lines } = load([lab({ weight: 3 }), aws()]);
    expect(lines).toEqual([]);
    expect(offers).toMatchObject([
      { provider: "lab", region: null, weight: 3, concurrency: 8, timeoutMs: null, schedules: ["64"] },
      { provider: "aws", region: "eu-central-1", weight: 1, timeoutMs: 60_000, serves: ["step", "decode"] },
    ]);
  });

  test.each<[string, object, string]>([
    ["an unknown kind", lab({ kind: "tritn" }), "providers[0].kind (lab): "],
    ["a misspelt field", lab({ wieght: 2 }), "providers[0] (lab): unknown field wieght"],
    [
      "a misspelt field of a model",
      lab({ models: [model({ revison: "x" })] }),
      "providers[0].models[0] (lab): unknown field revison",
    ],
    ["a missing field", lab({ price: { second: 1 } }), "providers[0].price.gigabyte (lab): "],
    ["a wrong type", lab({ weight: "3" }), "providers[0].weight (lab): "],
    ["an address that is none", lab({ url: "gpu:8000" }), "providers[0].url (lab): an http(s) address"],
    [
      "credentials in an address",
      lab({ url: "http://u:p@host" }),
      "providers[0].url (lab): credentials do not belong there",
    ],
    ["an unknown way to identify", lab({ auth: { kind: "bearrer" } }), "providers[0].auth.kind (lab): "],
    [
      "a secret that is not set",
      lab({ auth: { kind: "bearer", token: "GPU_TOKEN" } }),
      "providers[0].auth.token (lab): no secret GPU_TOKEN is set",
    ],
    [
      "the config itself as a header",
      lab({ headers: { "x-key": "PROVIDERS_2" } }),
      "providers[0].headers.x-key (lab): PROVIDERS_2 is the Worker's own",
    ],
    ["a binding of ours", lab({ mtls: "LEDGERS" }), "providers[0].mtls (lab): LEDGERS is the Worker's own"],
    ["a key of ours", aws({ secretKey: "ID_SECRET" }), "providers[0].secretKey (aws): ID_SECRET is the"],
    ["a weight beyond all sense", lab({ weight: 1e13 }), "providers[0].weight (lab): at most"],
    [
      "a price beyond all sense",
      lab({ price: { second: 1e300, gigabyte: 0 } }),
      "providers[0].price.second (lab): at most",
    ],
    [
      "a class called any",
      lab({ models: [model({ numerics: { class: "any", exact: false } })] }),
      "is a caller's word, and no class's name",
    ],
    [
      "a binding that is not there",
      lab({ mtls: "GPU_CERTIFICATE" }),
      "providers[0].mtls (lab): no binding GPU_CERTIFICATE",
    ],
    [
      "a model nobody knows",
      lab({ models: [model({ id: "var-sprite" })] }),
      "providers[0].models[0].id (lab): the catalogue has no var-sprite",
    ],
    [
      "another revision",
      lab({ models: [model({ revision: "0".repeat(64) })] }),
      "providers[0].models[0].revision (lab): the catalogue has ",
    ],
    [
      "two models where one is reached",
      aws({ models: [model(), model({ id: "other" })] }),
      "providers[0].models (aws): its front end reaches one model",
    ],
    [
      "a dedicated endpoint without its host",
      {
        ...lab(),
        kind: "vertex",
        url: undefined,
        region: "r",
        project: "p",
        endpoint: "e",
        account: "LAB_TOKEN",
        dedicated: true,
      },
      "providers[0].url (lab): a dedicated endpoint's own host is needed",
    ],
    [
      "a key file that is none",
      { ...lab(), kind: "vertex", region: "r", project: "p", endpoint: "e", account: "LAB_TOKEN" },
      "providers[0].account (lab): not the JSON of a service account's key",
    ],
  ])("with %s names the field", (_, provider, expected) => {
    expect(problems(provider)).toContain(expected);
  });

  test("with a secret in the place of its name does not repeat it", () => {
    const told = problems(lab({ auth: { kind: "bearer", token: "sk-live-4f9a" } }));
    expect(told).toContain("providers[0].auth.token (lab): the NAME of a secret");
    expect(told).not.toContain("4f9a");
  });

  test("says everything that is wrong at once", () => {
    expect(problems(lab({ weight: 0 }), aws({ regoin: "x" })).split("\n")).toHaveLength(3);
  });

  test("in which a class is exact at one provider and not at another names both", () => {
    const loose = aws({ models: [model({ numerics: { class: "noise", exact: false } })] });
    expect(problems(lab(), loose)).toContain(
      "providers[1].models[0].numerics.exact (aws): class noise is true at providers[0].models[0].numerics.exact (lab)",
    );
  });

  test("with two providers of one name is refused", () => {
    expect(problems(lab(), lab())).toContain("providers[1].name (lab): another provider has it");
  });
});

/** 1080 tokens of 4096 at the last step: 17.7 MB a pair; at the small one 0.3 MB. */
const large: KnownModel = {
  id: "large",
  revision: "a".repeat(64),
  tokens: "codebook",
  vocabulary: 4096,
  schedules: [
    {
      name: "big",
      steps: [
        { t: 1, h: 1, w: 1 },
        { t: 1, h: 30, w: 36 },
      ],
    },
    {
      name: "small",
      steps: [
        { t: 1, h: 1, w: 1 },
        { t: 1, h: 4, w: 5 },
      ],
    },
  ],
};
const largeModel = { id: "large", revision: large.revision, numerics: { class: "c", exact: false } };

describe("a ceiling", () => {
  test("strikes off the schedules that exceed it, and the log names them", () => {
    const { offers, lines } = load([lab({ models: [largeModel] }), aws({ models: [largeModel] })], [large]);
    expect(offers.map(({ provider, schedules }) => [provider, schedules])).toEqual([
      ["lab", ["big", "small"]],
      ["aws", ["small"]],
    ]);
    expect(lines).toEqual([
      "aws: large big is struck off: the largest answer of one picture takes 17694720 bytes, it lets 6291456 through",
    ]);
  });

  test("of steps does not keep a provider from decoding", () => {
    const decodes = aws({ models: [{ ...largeModel, serves: ["decode"] }] });
    const { offers, lines } = load([lab({ models: [largeModel] }), decodes], [large]);
    expect(offers[1]?.schedules).toEqual(["big", "small"]);
    expect(lines).toEqual([]);
  });

  test("that the operator has seen raised strikes off nothing", () => {
    const raised = aws({ models: [largeModel], limits: { answerBytes: 25_000_000 } });
    expect(load([raised], [large]).offers[0]?.schedules).toEqual(["big", "small"]);
  });

  test("of requests counts as well: a video's prefix has megabytes", () => {
    const video: KnownModel = {
      ...large,
      tokens: "bitwise",
      schedules: [
        {
          name: "v",
          steps: [
            { t: 20, h: 200, w: 250, bits: 16 },
            { t: 1, h: 1, w: 1, bits: 16 },
          ],
        },
      ],
    };
    const narrow = lab({ models: [largeModel], limits: { requestBytes: 1_500_000 } });
    expect(() => load([narrow], [video])).toThrow(/large: no provider is left that serves it \(step\)/);
  });
});

describe("a model that is left without provider", () => {
  test("stops the start", () => {
    const onlyBig = { ...large, schedules: large.schedules.slice(0, 1) };
    expect(() => load([aws({ models: [largeModel] })], [onlyBig])).toThrow(/large: no provider is left/);
    expect(() => load([lab()], [sprites, large])).toThrow(/large: no provider is left/);
  });

  test("of those that decode stops it as well; step and decode may live apart", () => {
    const stepOnly = lab({ models: [model({ serves: ["step"] })] });
    expect(() => load([stepOnly])).toThrow(/no provider is left that serves it \(decode\)/);
    const decodes = lab({ name: "other", models: [model({ serves: ["decode"] })] });
    expect(load([stepOnly, decodes]).offers).toHaveLength(2);
  });

  test("may be left out by name, and by a name that is known only", () => {
    const without = (...ids: string[]) =>
      loadProviders({ providers: [lab()], without: ids }, [sprites, large], { secrets }, () => {}).offers;
    expect(without("large").map(({ model }) => model)).toEqual([sprites.id]);
    expect(() => without("large", "lrage")).toThrow(/without\[1\]: the catalogue has no such model/);
    expect(() => without("large", sprites.id)).toThrow(
      /providers\[0\]\.models\[0\]\.id \(lab\): `without` leaves it out/,
    );
  });
});

test("the examples in docs/providers.md are configs that start", async () => {
  const text = await readFile(new URL("../../docs/providers.md", import.meta.url), "utf8");
  const examples = [...text.matchAll(/```json\n(.*?)```/gs)].map(([, json]) => JSON.parse(json!));
  expect(examples).toHaveLength(4);
  const account = google().keyFile("https://oauth2.example");
  for (const example of examples) {
    const { offers } = loadProviders(
      example,
      catalogue,
      { secrets: (name) => (name === "GOOGLE_ACCOUNT" ? account : "a value") },
      () => {},
    );
    expect(offers).toHaveLength(1);
  }
});

test("a client certificate's binding is what calls go through", async () => {
  await using server = await serve((response) => {
    response.writeHead(503).end();
  });
  const asked: string[] = [];
  const binding: { fetch: typeof fetch } = {
    fetch(input, init) {
      asked.push(String(input));
      return fetch(server.url, init);
    },
  };
  const {
    offers: [offer],
  } = loadProviders(
    { providers: [lab({ mtls: "CERTIFICATE" })] },
    [sprites],
    { secrets: () => binding },
    () => {},
  );
  const request = { id: "d", model: sprites.id, schedule: "64", format: "png", tokens: "codebook" } as const;
  const decode = { ...request, pictures: [Uint8Array.of(1, 0)], deadlineMs: 5000 };
  await expect(offer!.source.decode(decode, new AbortController().signal)).rejects.toMatchObject({
    fault: { kind: "cold" },
  });
  expect(asked).toEqual([`http://127.0.0.1:1/v2/models/${sprites.id}.decode/infer`]);
});
