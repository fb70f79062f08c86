/** Whatever an endpoint answers, in whatever pieces: a whole step, or one Fault; never anything else, never a hang. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { arriving, boundaries } from "../test/adapters/arbitrary.ts";
import {
  decodeRequest,
  gathered,
  logitsOf,
  numerics,
  stepAnswer,
  stepRequest,
} from "../test/adapters/steps.ts";
import { Fault } from "./fault.ts";
import { triton } from "./triton.ts";

const never = new AbortController().signal;
const good = stepAnswer(stepRequest);

/** A source whose endpoint answers 200 with this body in these pieces. */
function sourceOf(body: Uint8Array, length: string, sizes: readonly number[]) {
  const answer: typeof fetch = async () =>
    new Response(arriving(body, sizes), { headers: { "inference-header-content-length": length } });
  return triton({ name: "lab", url: "http://host", region: null, numerics, fetch: answer });
}

async function faultOf(work: Promise<unknown>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    return (error as Fault).fault.kind;
  }
}

async function stepThrough(body: Uint8Array, length: string, sizes: readonly number[]): Promise<void> {
  const answer = await sourceOf(body, length, sizes).step(stepRequest, never);
  const logits = await gathered(answer.logits);
  expect(logits.byteLength).toBe(logitsOf(stepRequest).byteLength);
}

test("arbitrary bytes are the fault corrupt, for a step and for a decode", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(300),
      boundaries,
      async (body, length, sizes) => {
        expect(await faultOf(stepThrough(body, `${length}`, sizes))).toBe("corrupt");
        const source = sourceOf(body, `${length}`, sizes);
        expect(await faultOf(source.decode(decodeRequest, never))).toBe("corrupt");
      },
    ),
    { numRuns: 500 },
  );
});

test("a good answer with one byte changed is a whole step or the fault corrupt", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(good.body.byteLength - 1), fc.nat(255), boundaries, async (at, byte, sizes) => {
      const body = good.body.slice();
      body[at] = byte;
      expect([null, "corrupt"]).toContain(await faultOf(stepThrough(body, `${good.headerLength}`, sizes)));
    }),
    { numRuns: 1000 },
  );
});

test("a good answer cut off at any byte is the fault corrupt", async () => {
  for (let end = 0; end < good.body.byteLength; end++) {
    const cut = good.body.subarray(0, end);
    expect(await faultOf(stepThrough(cut, `${good.headerLength}`, [17]))).toBe("corrupt");
  }
});
