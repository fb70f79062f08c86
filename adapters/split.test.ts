/** Requests that exceed a provider's limits go in parts that fit, and come back as if they had not. */
import { describe, expect, test } from "vitest";
import {
  decodeAnswer,
  decodeRequest,
  gathered,
  headersOf,
  numerics,
  picture,
  stepRequest,
} from "../test/adapters/steps.ts";
import { noiseSource } from "../test/noise-source.ts";
import type { StepRequest, StepSource } from "./contract.ts";
import { Fault } from "./fault.ts";
import { unlimited } from "./limits.ts";
import { split } from "./split.ts";
import { triton } from "./triton.ts";

const never = new AbortController().signal;
/** Logits of one picture of the step: 4 x 2 x 4096 x 2 bytes. */
const each = 65_536;
const request: StepRequest = {
  ...stepRequest,
  width: 4096,
  pictures: [1, 2, 3, 4, 5].map((token) => ({ ...picture, prefix: Uint8Array.of(token, 0) })),
};

interface Seen {
  readonly source: StepSource;
  /** Pictures of each request. */
  readonly sizes: number[];
  readonly ids: string[];
  /** Requests whose logits were left before their end. */
  readonly left: Set<number>;
}

function watched(options: Parameters<typeof noiseSource>[0] = {}): Seen {
  const inner = noiseSource(options);
  const seen = { sizes: [] as number[], ids: [] as string[], left: new Set<number>() };
  const source: StepSource = {
    async step(one, signal) {
      const i = seen.sizes.push(one.pictures.length) - 1;
      seen.ids.push(one.id);
      const answer = await inner.step(one, signal);
      const pieces = answer.logits[Symbol.asyncIterator]();
      const logits: AsyncIterableIterator<Uint8Array> = {
        next: () => pieces.next(),
        async return() {
          seen.left.add(i);
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
      return { ...answer, logits };
    },
    decode(one, signal) {
      seen.sizes.push(one.pictures.length);
      return inner.decode(one, signal);
    },
  };
  return { source, ...seen };
}

const limitsOf = (answerBytes: number | null, requestBytes: number | null = null) => ({
  ...unlimited,
  answerBytes,
  requestBytes,
});
const options = { name: "lab", batch: 100, candidates: false };

async function whole(source: StepSource, asked = request) {
  const answer = await source.step(asked, never);
  return { ...answer, logits: await gathered(answer.logits) };
}

describe("a step", () => {
  test("that fits goes as it is", async () => {
    const { source, sizes, ids } = watched();
    await whole(split(source, { ...options, limits: limitsOf(6 * each) }));
    expect([sizes, ids]).toEqual([[5], [request.id]]);
  });

  test("that does not goes in parts, whose answer is the same", async () => {
    const undivided = await whole(noiseSource());
    const { source, sizes, ids } = watched();
    expect(await whole(split(source, { ...options, limits: limitsOf(2.5 * each) }))).toEqual(undivided);
    expect(sizes).toEqual([2, 2, 1]);
    expect(new Set(ids).size).toBe(3);
  });

  test("of more pictures than its server takes goes in parts as well", async () => {
    const { source, sizes } = watched();
    await whole(split(source, { ...options, batch: 3, limits: unlimited }));
    expect(sizes).toEqual([3, 2]);
  });

  test("whose prefix is what is large goes in parts by that", async () => {
    const long = { ...picture, prefix: new Uint8Array(50_000) };
    const { source, sizes } = watched();
    const limits = limitsOf(null, 120_000);
    await whole(split(source, { ...options, limits }), { ...request, pictures: [long, long, long] });
    expect(sizes).toEqual([2, 1]);
  });

  test("whose texts are what is large goes in parts by them", async () => {
    const condition = {
      kind: "text",
      prompt: "ü".repeat(20_000),
      negativePrompt: "x".repeat(10_000),
    } as const;
    const long = { ...picture, condition };
    const { source, sizes } = watched();
    const narrow = split(source, { ...options, limits: limitsOf(null, 120_000) });
    await whole(narrow, { ...request, pictures: [long, long, long] });
    expect(sizes).toEqual([2, 1]);
  });

  test("with candidates counts what top-k leaves", async () => {
    const sampling = { lambda: 1, temperature: 1, topK: 100, topP: 1 };
    const sampled = { ...request, sampling };
    const undivided = await whole(noiseSource({ candidates: true }), sampled);
    const { source, sizes } = watched({ candidates: true });
    const narrow = split(source, { ...options, candidates: true, limits: limitsOf(each) });
    expect(await whole(narrow, sampled)).toEqual(undivided);
    expect(sizes).toEqual([5]);
  });

  test("of one picture that does not fit is rejected, and sends nothing", async () => {
    const { source, sizes } = watched();
    const narrow = split(source, { ...options, limits: limitsOf(each) });
    await expect(narrow.step(request, never)).rejects.toMatchObject({
      fault: { kind: "rejected" },
      billed: "no",
      endpoint: "lab",
    });
    expect(sizes).toEqual([]);
  });

  test("of which a part fails fails as that part did, and the others are left", async () => {
    const fault = new Fault({ kind: "overloaded" }, "lab", "no", "full");
    const stopped: string[] = [];
    const source: StepSource = {
      ...noiseSource(),
      step: ({ id }, signal) =>
        id.endsWith(".1")
          ? Promise.reject(fault)
          : new Promise((_, reject) => {
              signal.addEventListener("abort", () => {
                stopped.push(id);
                reject(new Fault({ kind: "cancelled" }, "lab", "unknown", "left"));
              });
            }),
    };
    const narrow = split(source, { ...options, batch: 2, limits: unlimited });
    await expect(narrow.step(request, never)).rejects.toBe(fault);
    expect(stopped).toEqual([`${request.id}.0`, `${request.id}.2`]);
  });

  test("that is left among the logits of one part leaves the others too", async () => {
    const { source, left } = watched();
    const { logits } = await split(source, { ...options, batch: 2, limits: unlimited }).step(request, never);
    for await (const _ of logits) break;
    expect([...left]).toEqual([0, 1, 2]);
  });
});

test("a decode goes a picture at a time where there is a ceiling, and whole where there is none", async () => {
  const pictures = [1, 2, 3].map((token) => Uint8Array.of(token, 0));
  const asked = { id: "d", model: "m", schedule: "64", format: "png", tokens: "codebook" } as const;
  for (const [limits, expected] of [
    [limitsOf(1_500_000), [1, 1, 1]],
    [unlimited, [3]],
  ] as const) {
    const { source, sizes } = watched();
    const narrow = split(source, { ...options, limits });
    const { media } = await narrow.decode({ ...asked, pictures, deadlineMs: 5000 }, never);
    expect(media).toEqual(pictures);
    expect(sizes).toEqual(expected);
  }
});

test("the parts of a decode share what the files of one may take", async () => {
  const answer = (size: number): typeof fetch => {
    return async (_, init) => {
      const body = init?.body as Uint8Array<ArrayBuffer>;
      const length = Number(new Headers(init?.headers).get("inference-header-content-length"));
      const { id, inputs } = JSON.parse(new TextDecoder().decode(body.subarray(0, length)));
      const files = Array.from({ length: inputs[0].shape[0] }, () => new Uint8Array(size));
      const frame = decodeAnswer(files, id);
      return new Response(frame.body, { headers: headersOf(frame) });
    };
  };
  const pictures = [1, 2, 3].map((token) => Uint8Array.of(token, 0));
  const decode = (size: number) => {
    const source = triton({
      ...{ name: "lab", url: "http://host", region: null, numerics },
      ...{ maxMediaBytes: 3000, fetch: answer(size) },
    });
    return split(source, { ...options, batch: 2, limits: unlimited }).decode(
      { ...decodeRequest, pictures },
      never,
    );
  };
  // Each file has four bytes of length before it.
  expect((await decode(996)).media).toHaveLength(3);
  await expect(decode(997)).rejects.toMatchObject({ fault: { kind: "corrupt" } });
});
