/** The endpoint speaks the protocol as a Triton does: health, metadata, refusals that name the field, a clean end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { InferRequest } from "../../adapters/oip/request.ts";
import { fp32Tensor } from "../../adapters/oip/tensor.ts";
import { type BadStep, badSteps, goodPicture, withInputs } from "../../test/adapters/bad-steps.ts";
import {
  askDecode,
  askStep,
  decodeRequestOf,
  models,
  outputsOf,
  post,
  stepRequest,
  weights,
} from "./asking.ts";
import { readModel } from "./model.ts";
import { type Endpoint, startEndpoint } from "./server.ts";

const { bounds } = (await readModel(weights)).schedule;
const log: string[] = [];
let endpoint: Endpoint;

beforeAll(async () => {
  endpoint = await startEndpoint({
    port: 0,
    weights: [weights],
    threads: 1,
    maxBatch: 4,
    log: (line) => log.push(line),
  });
}, 60_000);
afterAll(() => endpoint?.close());

const asked = goodPicture(bounds);

async function refusal(model: string, request: InferRequest): Promise<{ status: number; error: string }> {
  const response = await post(endpoint.url, model, request);
  const body = (await response.json()) as { error: string };
  return { status: response.status, error: body.error };
}

describe("health and metadata", () => {
  it("are live, ready, and ready a model", async () => {
    const paths = [
      "health/live",
      "health/ready",
      "models/var-sprites/ready",
      "models/var-sprites.decode/ready",
    ];
    for (const path of paths) expect((await fetch(`${endpoint.url}/v2/${path}`)).status).toBe(200);
  });

  it("list the contract's inputs and outputs", async () => {
    const step = (await (await fetch(`${endpoint.url}/v2/models/var-sprites`)).json()) as Record<
      string,
      { name: string }[]
    >;
    expect(step.inputs!.map((input) => input.name)).toEqual(
      stepRequest([asked]).inputs.map((input) => input.name),
    );
    expect(step.outputs!.map((output) => output.name)).toEqual(["stats", "logits"]);
    const decode = await (await fetch(`${endpoint.url}/v2/models/var-sprites.decode`)).json();
    expect(decode).toMatchObject({ outputs: [{ name: "media", datatype: "BYTES" }] });
  });

  it("answer an unknown model with 404 and what an unloaded one is known by", async () => {
    for (const path of ["models/other", "models/other/ready"]) {
      const response = await fetch(`${endpoint.url}/v2/${path}`);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain("Request for unknown model");
    }
    expect(await refusal("other", stepRequest([asked]))).toMatchObject({ status: 404 });
  });
});

describe("a good request", () => {
  it("gets its id, both outputs in the contract's order, and who answered", async () => {
    const request = { ...stepRequest([asked, asked]), id: "mine", outputs: ["logits", "stats"] };
    const response = await post(endpoint.url, "var-sprites", request);
    const outputs = await outputsOf(response);
    expect(outputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ["stats", "BYTES", [2, 1]],
      ["logits", "FP16", [2, bounds[3]! - bounds[2]!, 2, 512]],
    ]);
    const [answered] = await askStep(endpoint.url, [asked]);
    const { stats } = answered!;
    const served = endpoint.models[0]!;
    expect(stats).toMatchObject({ revision: served.revision, numerics: served.numerics });
    expect(served.numerics).toMatch(/^var-sprites\/ort-web-\d+\.\d+\.\d+\/wasm-simd\/rows-alone$/);
    expect(stats.device_ms).toBeGreaterThan(0);
  });

  it("may ask for one output, and for a kind only where there is something to corrupt", async () => {
    const outputs = await outputsOf(
      await post(endpoint.url, "var-sprites", { ...stepRequest([asked]), outputs: ["logits"] }),
    );
    expect(outputs.map((output) => output.name)).toEqual(["logits"]);
    const plain = { ...asked, corruption: { kind: "", seed: 0, ratio: 0 } };
    expect((await askStep(endpoint.url, [plain]))[0]!.shape).toEqual([bounds[3]! - bounds[2]!, 1, 512]);
  });

  it("reaches the decoder through `op` too", async () => {
    const request = { ...decodeRequestOf([[1]], "png"), parameters: { op: "decode" } };
    expect((await outputsOf(await post(endpoint.url, "var-sprites", request)))[0]!.name).toBe("media");
  });
});

describe("an endpoint of several models", () => {
  it("serves each under its own name, with its own classes and schedule, and says who it is", async () => {
    const folders = models.map(([, { folder }]) => folder);
    const several = await startEndpoint({ port: 0, weights: folders, threads: 1 });
    try {
      expect(several.models.map(({ id }) => id)).toEqual(models.map(([id]) => id));
      for (const [i, [id, model]] of models.entries()) {
        const first = { ...goodPicture(model.schedule.bounds), class: model.classes.length - 1 };
        const [answered] = await askStep(several.url, [first], id);
        const { revision, numerics } = several.models[i]!;
        expect(answered!.stats).toMatchObject({ revision, numerics });
        expect(revision).toBe(model.revision);
        const beyond = { ...first, class: model.classes.length };
        expect((await post(several.url, id, stepRequest([beyond]))).status).toBe(400);
        expect((await fetch(`${several.url}/v2/models/${id}.decode/ready`)).status).toBe(200);
        expect(await askDecode(several.url, [[1]], "png", id)).toHaveLength(1);
      }
    } finally {
      await several.close();
    }
  });

  it("does not start where two would answer to one name, or there is none", async () => {
    await expect(startEndpoint({ port: 0, weights: [weights, weights] })).rejects.toThrow("two folders");
    await expect(startEndpoint({ port: 0, weights: [] })).rejects.toThrow("no folder");
  });
});

describe("a bad request", () => {
  const cases: BadStep[] = [
    ...badSteps(bounds, []),
    [
      "temperature",
      "not of this family",
      withInputs(stepRequest([asked]), fp32Tensor("temperature", [1, 1], [1])),
    ],
    ["candidates", "not supported", { ...stepRequest([asked]), parameters: { candidates: true } }],
    ["step", "too many pictures", stepRequest([asked, asked, asked, asked, asked])],
    ["outputs", "unknown", { ...stepRequest([asked]), outputs: ["probabilities"] }],
  ];

  it.each(cases)("is refused with 400 naming %s: %s", async (field, _, request) => {
    const { status, error } = await refusal("var-sprites", request);
    expect(error).toMatch(new RegExp(`^${field}: `));
    expect(status).toBe(400);
  });

  it("is refused by the decoder the same way", async () => {
    const bad: [field: string, request: InferRequest][] = [
      ["tokens", decodeRequestOf([[1, 2, 3, 4, 5]], "png")],
      ["tokens", decodeRequestOf([[]], "png")],
      ["tokens", decodeRequestOf([[512]], "png")],
      ["format", decodeRequestOf([[1]], "mp4")],
    ];
    for (const [field, request] of bad) {
      const { status, error } = await refusal("var-sprites.decode", request);
      expect(error).toMatch(new RegExp(`^${field}: `));
      expect(status).toBe(400);
    }
  });

  it("is refused when it is no message of the protocol", async () => {
    const send = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
      fetch(`${endpoint.url}/v2/models/var-sprites/infer`, { method: "POST", body, headers });
    const length = (value: number) => ({ "inference-header-content-length": String(value) });
    expect((await send('{"inputs":[]}', {})).status).toBe(400);
    expect((await send("{}", length(2))).status).toBe(400);
    expect((await send('{"inputs":[]}', length(13))).status).toBe(400);
    expect((await send("{]", length(2))).status).toBe(400);
    expect((await send("{}", length(900))).status).toBe(400);
    expect((await send(new Uint8Array(2 * 1024 * 1024), length(2))).status).toBe(413);
    expect((await fetch(`${endpoint.url}/v2/models/var-sprites/infer`)).status).toBe(405);
    expect((await fetch(`${endpoint.url}/v3`)).status).toBe(404);
  });
});

describe("an answer nobody waits for", () => {
  it("is 503 once its deadline has passed, in either unit", async () => {
    for (const parameters of [{ deadline_ms: 0 }, { timeout: 500 }]) {
      expect(await refusal("var-sprites", { ...stepRequest([asked]), parameters })).toMatchObject({
        status: 503,
      });
    }
  });

  it("is not computed when the caller has left", async () => {
    const caller = new AbortController();
    const all = Array.from({ length: 4 }, (_, i) => ({ ...asked, prefixKey: `left ${i}` }));
    const left = post(endpoint.url, "var-sprites", stepRequest(all), caller.signal);
    await new Promise((resolve) => setTimeout(resolve, 30));
    caller.abort();
    await expect(left).rejects.toThrow();
    await vi.waitFor(() => expect(log.some((line) => line.includes("dropped"))).toBe(true));
  });
});

describe("the program", () => {
  const entry = fileURLToPath(new URL("./server.ts", import.meta.url));
  const start = (port: number) =>
    spawn(process.execPath, [entry, "--port", String(port), "--weights", weights, "--threads", "1"]);

  it.each(["SIGTERM", "SIGINT"] as const)(
    "says when it is ready, gives the same bits, ends on %s",
    async (signal) => {
      const program = start(0);
      const [line] = (await once(program.stdout, "data")) as [Buffer];
      const url = /^var-sprites ready on (http:\/\/127\.0\.0\.1:\d+) /.exec(String(line))![1]!;
      const [theirs] = await askStep(url, [asked]);
      const [ours] = await askStep(endpoint.url, [asked]);
      expect(theirs!.bits).toBe(ours!.bits);
      program.kill(signal);
      expect(await once(program, "exit")).toEqual([0, null]);
    },
  );

  it("says so when its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const program = start(port);
    const [complaint] = (await once(program.stderr, "data")) as [Buffer];
    expect(String(complaint)).toContain(`127.0.0.1:${port}; choose another --port`);
    expect(await once(program, "exit")).toEqual([1, null]);
    other.close();
  });
});
