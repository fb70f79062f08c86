/** A real Triton leaves out what cannot be drawn: the same pictures from fewer bytes, and each request by its own sampling. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sampling, StepSource } from "../../adapters/contract.ts";
import { triton } from "../../adapters/triton.ts";
import { compiledKernel } from "../../kernels/edge/compiled.ts";
import { loadKernel } from "../../kernels/edge/index.ts";
import { catalogue } from "../../src/catalogue/index.ts";
import { generate } from "../../src/engine/generate.ts";
import { seedPictures } from "../../src/engine/seeds.ts";
import { makePlan, type PlanRequest } from "../../src/plan/plan.ts";
import { narrowed } from "../adapters/candidates.ts";
import { never } from "../adapters/failures.ts";
import { gathered } from "../adapters/steps.ts";
import { K, labAt, model, picture, requestOf } from "./asked.ts";
import { startTriton, type TritonServer } from "./server.ts";

const seeds = 20;
const kernel = loadKernel(compiledKernel());
let server: TritonServer;
/** One server, asked for all logits and for candidates. */
let dense: Counted;
let sparse: Counted;

interface Counted {
  readonly source: StepSource;
  /** Bytes of step answers so far. */
  bytes: number;
}

/** A source that counts what its steps bring. */
function counted(url: string, numerics: string, candidates: boolean): Counted {
  const own: { source?: StepSource; bytes: number } = { bytes: 0 };
  const counting: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (!String(input).includes(".decode")) own.bytes += Number(response.headers.get("content-length"));
    return response;
  };
  const source = triton({ name: url, url, region: null, numerics, candidates, fetch: counting });
  return Object.assign(own, { source });
}

beforeAll(async () => {
  server = await startTriton();
  const { numerics } = await labAt(server.url);
  dense = counted(server.url, numerics, false);
  sparse = counted(server.url, numerics, true);
});
afterAll(async () => expect(await server.close()).toBe(0));

/** The tokens of one picture, and the bytes its steps brought. */
async function draw(from: Counted, asked: Partial<PlanRequest>, seed: number) {
  const request = { prompt: "fish", n: 1, size: "auto", format: "png", partialImages: 0, seed, ...asked };
  const plan = makePlan(request, { ...catalogue[0], revision: model.revision }, seedPictures);
  const tokens: string[] = [];
  const before = from.bytes;
  const ports = {
    source: from.source,
    kernel,
    now: () => 0,
    later: () => Promise.resolve(),
    commit: (_: number, drawn: readonly Uint8Array[]) =>
      void tokens.push(...drawn.map((one) => Buffer.from(one).toString("hex"))),
    preview: () => undefined,
  };
  await generate({ id: `candidates ${seed}`, plan, committed: [] }, ports, never);
  return { tokens, bytes: from.bytes - before };
}

describe("pictures drawn from candidates are those drawn from all logits", () => {
  it.each<[string, Partial<PlanRequest>]>([
    ["as the catalogue has it", {}],
    ["with VPG", { vpg: { scale: 0.7 } }],
    [
      "with VPG, top_k, top_p and a temperature",
      { topK: 100, topP: 0.9, temperature: 0.9, vpg: { scale: 1.3 } },
    ],
    ["with VPG at temperature 0", { temperature: 0, vpg: { scale: 0.7 } }],
  ])("%s", async (name, asked) => {
    let [all, left] = [0, 0];
    for (let seed = 0; seed < seeds; seed++) {
      const wanted = await draw(dense, asked, seed);
      const made = await draw(sparse, asked, seed);
      expect(made.tokens, `seed ${seed}`).toEqual(wanted.tokens);
      all += wanted.bytes;
      left += made.bytes;
    }
    process.stderr.write(
      `${name}: ${Math.round(all / seeds)} bytes a picture, from candidates ${Math.round(left / seeds)}\n`,
    );
  });
});

it("requests that differ in their sampling alone are each answered by their own, at once", async () => {
  const base = requestOf(K - 1, [picture(1, K - 1), picture(2, K - 1)]);
  const logits = await gathered((await dense.source.step(base, never)).logits);
  const samplings: Sampling[] = [
    { lambda: 0.7, temperature: 1, topK: 0, topP: 0.9 },
    { lambda: 0.7, temperature: 1, topK: 7, topP: 1 },
    { lambda: 2.1, temperature: 0.6, topK: 100, topP: 0.37 },
    { lambda: 1 / 3, temperature: 1.7, topK: 0, topP: 0.123456789012345 },
    { lambda: 1, temperature: 0, topK: 0, topP: 1 },
  ];
  await Promise.all(
    samplings.map(async (sampling) => {
      const request = { ...base, sampling };
      const answer = await sparse.source.step(request, never);
      const bytes = Buffer.from(await gathered(answer.logits));
      const wanted = narrowed(request, logits);
      expect(bytes).toEqual(Buffer.concat(wanted.map((one) => one.logits)));
      for (const [i, { counts, tokens, masses }] of answer.candidates!.entries()) {
        expect([counts, tokens]).toEqual([wanted[i]!.counts, wanted[i]!.tokens]);
        for (const [u, mass] of masses.entries()) {
          expect(Math.abs(mass / wanted[i]!.masses[u]! - 1)).toBeLessThan(2 ** -22);
        }
      }
    }),
  );
});
