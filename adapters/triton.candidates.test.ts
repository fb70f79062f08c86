/** Candidates through the adapter: asked for only where they save something, read however they arrive, else corrupt. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arriving, boundaries } from "../test/adapters/arbitrary.ts";
import {
  candidateAnswer,
  candidateTensors,
  narrowed,
  noiseFor,
  sampledRequest,
  sampling,
} from "../test/adapters/candidates.ts";
import { never } from "../test/adapters/failures.ts";
import { gathered, logitsOf, numerics, stepAnswer } from "../test/adapters/steps.ts";
import type { StepRequest } from "./contract.ts";
import { Fault } from "./fault.ts";
import type { Frame } from "./oip/frame.ts";
import { decodeRequest } from "./oip/request.ts";
import type { Tensor } from "./oip/tensor.ts";
import { triton } from "./triton.ts";

const pictures = narrowed(sampledRequest, noiseFor(sampledRequest));
const tensors = candidateTensors(sampledRequest, pictures);
const good = candidateAnswer(sampledRequest, tensors);

const answered = (stream: ReadableStream<Uint8Array>, headerLength: number) =>
  new Response(stream, { headers: { "inference-header-content-length": `${headerLength}` } });

const labSource = (answer: typeof fetch, candidates = true) =>
  triton({ name: "lab", url: "http://host", region: null, numerics, fetch: answer, candidates });

/** A source that is answered so, in these pieces, and what it sent. */
function sourceOf({ body, headerLength }: Frame, sizes: readonly number[] = [1000], candidates = true) {
  const sent: { parameters: object; outputs: readonly string[] }[] = [];
  const answer: typeof fetch = async (_, init) => {
    const length = new Headers(init!.headers).get("inference-header-content-length");
    sent.push(decodeRequest(init!.body as Uint8Array, Number(length)));
    return answered(arriving(body, sizes), headerLength);
  };
  const source = labSource(answer, candidates);
  return { source, sent };
}

async function read(frame: Frame, sizes?: readonly number[], request: StepRequest = sampledRequest) {
  const { source, sent } = sourceOf(frame, sizes);
  const { candidates, logits } = await source.step(request, never);
  return { candidates, logits: await gathered(logits), sent: sent[0]! };
}

async function faultOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    return (error as Fault).fault.kind;
  }
}

describe("candidates", () => {
  test("are asked for with what the edge samples with, rounded as it rounds", async () => {
    const { sent } = await read(good);
    expect(sent.parameters).toMatchObject({
      candidates: true,
      lambda: 1.5,
      temperature: Math.fround(0.9),
      top_k: 6,
      top_p: 0.8,
    });
    expect(sent.outputs).toEqual([
      "stats",
      "candidate_count",
      "candidate_mass",
      "candidate_token",
      "candidate_logits",
    ]);
  });

  const change = (over: Partial<typeof sampling>) => ({
    ...sampledRequest,
    sampling: { ...sampling, ...over },
  });
  const { sampling: _, ...unsampled } = sampledRequest;
  test.each<[string, StepRequest]>([
    ["nothing is said of the sampling", unsampled],
    ["nothing is cut", change({ topK: 0, topP: 1 })],
    ["top-k keeps all", change({ topK: 16, topP: 1 })],
    ["tokens are bits", { ...sampledRequest, tokens: "bitwise" }],
  ])("are not asked for where %s", async (_, request) => {
    const { source, sent } = sourceOf(stepAnswer(request));
    const { candidates, logits } = await source.step(request, never);
    expect(candidates).toBeUndefined();
    expect(await gathered(logits)).toEqual(logitsOf(request));
    expect(sent[0]!.outputs).toEqual(["stats", "logits"]);
    expect(sent[0]!.parameters).not.toHaveProperty("candidates");
  });

  test("are not asked for unless the operator says so, nor where their tokens might not be held", async () => {
    const off = sourceOf(stepAnswer(sampledRequest), [1000], false);
    await gathered((await off.source.step(sampledRequest, never)).logits);
    const { source, sent } = sourceOf(good);
    expect(await faultOf(source.step({ ...sampledRequest, length: 2 ** 20 }, never))).toBe("corrupt");
    for (const { outputs } of [...off.sent, ...sent]) expect(outputs).toEqual(["stats", "logits"]);
  });

  test("are asked for at temperature 0 too", async () => {
    const request = change({ topK: 0, topP: 1, temperature: 0 });
    const one = candidateTensors(request, narrowed(request, noiseFor(request)));
    const { candidates } = await read(candidateAnswer(request, one), [9], request);
    for (const { counts } of candidates!) expect([...counts]).toEqual([1, 1, 1, 1]);
  });

  test("come a picture each, without their padding, however they arrive", async () => {
    await fc.assert(
      fc.asyncProperty(boundaries, fc.integer({ min: 1, max: 2 ** 31 }), async (sizes, seed) => {
        const made = narrowed(sampledRequest, noiseFor(sampledRequest, seed));
        const frame = candidateAnswer(sampledRequest, candidateTensors(sampledRequest, made));
        const { candidates, logits } = await read(frame, sizes);
        expect(candidates).toEqual(made.map(({ counts, masses, tokens }) => ({ counts, masses, tokens })));
        expect(Buffer.from(logits)).toEqual(Buffer.concat(made.map((one) => one.logits)));
      }),
      { numRuns: 200 },
    );
  });
});

describe("an answer is the fault corrupt", () => {
  const smaller = pictures.findIndex(({ tokens }) => tokens.length < tensors[2]!.shape[1]!);
  const size = tensors[2]!.shape[1]!;
  const set = (name: string, change: (view: DataView) => void) =>
    tensors.map((tensor): Tensor => {
      if (tensor.name !== name) return tensor;
      const data = tensor.data.slice();
      change(new DataView(data.buffer));
      return { ...tensor, data };
    });
  const mass = (value: number) => set("candidate_mass", (view) => view.setFloat32(4, value, true));
  const count = (...values: number[]) =>
    set("candidate_count", (view) => {
      for (const [i, value] of values.entries()) view.setInt32(4 * i, value, true);
    });
  const first = pictures[0]!.counts;
  /** Where the first position with two candidates has its tokens. */
  const two =
    2 *
    first
      .subarray(
        0,
        first.findIndex((count) => count > 1),
      )
      .reduce((sum, one) => sum + one, 0);
  const padded = (name: string, scale: number, value: number) =>
    set(name, (view) => view.setUint16(2 * scale * ((smaller + 1) * size - 1), value, true));
  const wider = { pictures: [...pictures, pictures[0]!] };

  test("is set up with pictures of different sizes", () => expect(smaller).toBeGreaterThanOrEqual(0));

  test.each<[string, readonly Tensor[]]>([
    ["a mass below 1", mass(0.99)],
    ["a mass above the vocabulary", mass(16.01)],
    ["a mass that is no number", mass(Number.NaN)],
    ["a mass without end", mass(Infinity)],
    ["a count of 0", count(0, first[0]! + first[1]!)],
    ["a negative count", count(-1)],
    ["a count above the vocabulary", count(17)],
    ["counts that add up to more than there is", count(first[0]! + 9)],
    [
      "counts that all leave padding",
      set("candidate_count", (view) => {
        for (let i = 0; i < 8; i++) view.setInt32(4 * i, 1, true);
      }),
    ],
    [
      "a token twice",
      set("candidate_token", (view) => view.setUint16(two + 2, view.getUint16(two, true), true)),
    ],
    ["a token that descends", set("candidate_token", (view) => view.setUint16(two, 15, true))],
    [
      "a token outside of the vocabulary",
      set("candidate_token", (view) => {
        view.setUint16(2 * (first[0]! - 1), 16, true);
      }),
    ],
    ["a token in the padding", padded("candidate_token", 1, 3)],
    ["a logit in the padding", padded("candidate_logits", 2, 0)],
    ["outputs in another order", [tensors[1]!, tensors[0]!, tensors[2]!, tensors[3]!]],
    ["a missing output", tensors.slice(0, 3)],
    [
      "sizes that differ",
      [
        ...tensors.slice(0, 3),
        { ...tensors[3]!, shape: [2, size - 1, 2], data: tensors[3]!.data.subarray(0, 8 * (size - 1)) },
      ],
    ],
    ["more tokens than all rows have", more(4 * 16 + 1)],
    ["another number of pictures", candidateTensors(sampledRequest, wider.pictures)],
    ["all logits", stepTensors()],
  ])("with %s", async (_, spoiled) => {
    expect(await faultOf(read(candidateAnswer(sampledRequest, spoiled)))).toBe("corrupt");
  });

  test("or whole, with one byte changed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.body.byteLength - 1), fc.nat(255), boundaries, async (at, byte, sizes) => {
        const body = good.body.slice();
        body[at] = byte;
        expect(["none", "corrupt"]).toContain(await faultOf(read({ ...good, body }, sizes)));
      }),
      { numRuns: 1000 },
    );
  });

  test("cut off at any byte", async () => {
    for (let end = 0; end < good.body.byteLength; end++) {
      expect(await faultOf(read({ ...good, body: good.body.slice(0, end) }, [17]))).toBe("corrupt");
    }
  });

  test("or whole, of arbitrary counts and tokens", async () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const [counts, , tokens] = tensors.map(({ data }) => data.byteLength);
    await fc.assert(
      fc.asyncProperty(bytes(counts!), bytes(tokens!), async (one, other) => {
        const spoiled = tensors.map((tensor) =>
          tensor.name === "candidate_count"
            ? { ...tensor, data: one }
            : tensor.name === "candidate_token"
              ? { ...tensor, data: other }
              : tensor,
        );
        expect(["none", "corrupt"]).toContain(await faultOf(read(candidateAnswer(sampledRequest, spoiled))));
      }),
      { numRuns: 300 },
    );
  });
});

/** Room for so many tokens a picture, all of it padding. */
function more(size: number): Tensor[] {
  return [
    ...tensors.slice(0, 2),
    {
      name: "candidate_token",
      datatype: "UINT16",
      shape: [2, size],
      data: new Uint8Array(4 * size).fill(255),
    },
    { name: "candidate_logits", datatype: "FP16", shape: [2, size, 2], data: new Uint8Array(8 * size) },
  ];
}

function stepTensors(): Tensor[] {
  const { pictures, length, branches, width } = sampledRequest;
  const shape = [pictures.length, length, branches, width];
  return [{ name: "logits", datatype: "FP16", shape, data: logitsOf(sampledRequest) }];
}

test("leaving the pairs early closes the body", async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(good.body.subarray(0, -4)),
    cancel: () => {
      cancelled = true;
    },
  });
  const answer: typeof fetch = async () => answered(stream, good.headerLength);
  const source = labSource(answer);
  const { logits } = await source.step(sampledRequest, never);
  for await (const _ of logits) break;
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(cancelled).toBe(true);
});
