/** Answers read while they arrive: the same for every way of arriving, Malformed for every other body, in bounded memory. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundaries, cutAt, ListedPieces, tensors } from "../../test/adapters/arbitrary.ts";
import { gathered, headersOf, logitsOf, stepAnswer, stepRequest } from "../../test/adapters/steps.ts";
import { stepMessage } from "../messages/step.ts";
import { bytesValues } from "./bytes.ts";
import { maxHeaderBytes } from "./header.ts";
import { Malformed } from "./malformed.ts";
import { openResponse } from "./open.ts";
import type { Pieces } from "./pieces.ts";
import { encodeResponse } from "./response.ts";
import { rawTensor } from "./tensor.ts";

const good = stepAnswer(stepRequest);
const { asked } = stepMessage(stepRequest);
const lengthOnly = (length: number | string) =>
  new Headers({ "inference-header-content-length": String(length) });

/** Reads a step's answer to its end. */
async function read(headers: Headers, pieces: Pieces) {
  const answer = await openResponse(headers, pieces, asked, stepRequest.id);
  const stats = await answer.bytes();
  return { stats, logits: await gathered(answer.stream()) };
}

test("an answer is the same however it arrives", async () => {
  await fc.assert(
    fc.asyncProperty(boundaries, async (sizes) => {
      const pieces = new ListedPieces(cutAt(good.body, sizes));
      const { stats, logits } = await read(new Headers(headersOf(good)), pieces);
      expect(stats).toHaveLength(1);
      expect(logits).toEqual(logitsOf(stepRequest));
      expect(pieces.closed).toBe(false);
    }),
  );
});

test("answers of any tensors are the same however they arrive", async () => {
  await fc.assert(
    fc.asyncProperty(tensors, fc.uint8Array(), boundaries, async (outputs, last, sizes) => {
      const variable = outputs.filter((tensor) => tensor.datatype === "BYTES");
      const all = [...variable, rawTensor("the last one", "UINT8", [last.byteLength], last)];
      const frame = encodeResponse({ id: null, model: "m", parameters: {}, outputs: all });
      const pieces = new ListedPieces(cutAt(frame.body, sizes));
      const answer = await openResponse(new Headers(headersOf(frame)), pieces, all, "any");
      for (const tensor of variable) expect(await answer.bytes()).toEqual(bytesValues(tensor));
      expect(await gathered(answer.stream())).toEqual(last);
    }),
  );
});

test("arbitrary bytes behind arbitrary headers are Malformed, and the body is closed", async () => {
  const length = fc.oneof(
    fc.nat(200).map(String),
    fc.string(),
    fc.constantFrom("1e1", "-2", "0x10", " 4", "99999999999"),
  );
  await fc.assert(
    fc.asyncProperty(
      length.filter(isHeaderValue),
      fc.uint8Array({ maxLength: 200 }),
      boundaries,
      async (value, body, sizes) => {
        const pieces = new ListedPieces(cutAt(body, sizes));
        await expect(read(lengthOnly(value), pieces)).rejects.toBeInstanceOf(Malformed);
        expect(pieces.closed).toBe(true);
      },
    ),
    { numRuns: 1000 },
  );
});

test("a good answer with bytes changed, lost or put in is read to its exact length or is Malformed", async () => {
  const at = fc.nat(good.body.byteLength - 1);
  const change = fc.record({ at, lost: fc.nat(30), put: fc.uint8Array({ maxLength: 30 }) });
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), boundaries, async (changes, sizes) => {
      let body: Uint8Array = good.body;
      for (const { at, lost, put } of changes) {
        body = new Uint8Array(Buffer.concat([body.subarray(0, at), put, body.subarray(at + lost)]));
      }
      const pieces = new ListedPieces(cutAt(body, sizes));
      try {
        const { logits } = await read(lengthOnly(good.headerLength), pieces);
        expect(logits.byteLength).toBe(logitsOf(stepRequest).byteLength);
        kept++;
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
        expect(pieces.closed).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
  expect(kept).toBeLessThan(500);
});

test("a header whose values are anything JSON can say is Malformed", async () => {
  const json = JSON.parse(new TextDecoder().decode(good.body.subarray(0, good.headerLength)));
  const spot = fc.constantFrom(
    ["outputs"],
    ["outputs", 0],
    ["outputs", 1, "name"],
    ["outputs", 1, "shape"],
    ["outputs", 1, "datatype"],
    ["outputs", 0, "parameters"],
    ["outputs", 1, "parameters", "binary_data_size"],
    ["id"],
  );
  await fc.assert(
    fc.asyncProperty(spot, fc.jsonValue(), async (path, value) => {
      const header = structuredClone(json);
      const last = path.at(-1)!;
      const parent = path.slice(0, -1).reduce((node, key) => node[key], header);
      fc.pre(JSON.stringify(parent[last]) !== JSON.stringify(value));
      parent[last] = value;
      const text = new TextEncoder().encode(JSON.stringify(header));
      const pieces = new ListedPieces([text, good.body.subarray(good.headerLength)]);
      await expect(read(lengthOnly(text.byteLength), pieces)).rejects.toBeInstanceOf(Malformed);
    }),
    { numRuns: 500 },
  );
});

describe("no more than the caps is taken", () => {
  const piece = new Uint8Array(16 * 1024).fill(0x20);
  function* endless(first: Uint8Array) {
    yield first;
    for (;;) yield piece;
  }
  /** How many bytes were taken of a body that starts so and has no end. */
  async function takenOf(first: Uint8Array, length: number | string): Promise<number> {
    const pieces = new ListedPieces(endless(first));
    await expect(read(lengthOnly(length), pieces)).rejects.toBeInstanceOf(Malformed);
    expect(pieces.closed).toBe(true);
    return pieces.taken;
  }
  const announcing = (
    change: (outputs: { shape: number[]; parameters: { binary_data_size: number } }[]) => void,
  ) => {
    const header = JSON.parse(new TextDecoder().decode(good.body.subarray(0, good.headerLength)));
    change(header.outputs);
    return new TextEncoder().encode(JSON.stringify(header));
  };

  test("of a header without end", async () => {
    expect(await takenOf(piece, maxHeaderBytes)).toBeLessThanOrEqual(maxHeaderBytes);
    expect(await takenOf(piece, maxHeaderBytes + 1)).toBe(0);
    expect(await takenOf(piece, 2 ** 31 - 1)).toBe(0);
  });

  test("of stats announced as 2 GB", async () => {
    const header = announcing((outputs) => {
      outputs[0]!.parameters.binary_data_size = 2 ** 31 - 2000;
    });
    expect(await takenOf(header, header.byteLength)).toBe(header.byteLength);
  });

  test("of logits announced as 2 GB", async () => {
    const header = announcing((outputs) => {
      outputs[1]!.shape = [1, 2 ** 14, 2, 2 ** 14];
      outputs[1]!.parameters.binary_data_size = 2 ** 30;
    });
    expect(await takenOf(header, header.byteLength)).toBe(header.byteLength);
  });

  test("of an element announced as 4 GB", async () => {
    const body = good.body.slice();
    new DataView(body.buffer).setUint32(good.headerLength, 2 ** 32 - 1, true);
    expect(await takenOf(body.subarray(0, good.headerLength + 4), good.headerLength)).toBe(
      good.headerLength + 4,
    );
  });

  test("of logits that go on", async () => {
    const taken = await takenOf(good.body, good.headerLength);
    expect(taken).toBeLessThanOrEqual(good.body.byteLength + piece.byteLength);
  });

  test("of empty pieces without end", async () => {
    const pieces: Pieces = { next: async () => new Uint8Array(0), cancel: () => {} };
    await expect(read(lengthOnly(good.headerLength), pieces)).rejects.toBeInstanceOf(Malformed);
  });
});

test("pieces are handed on as they arrive, not gathered", async () => {
  const { headerLength, body } = good;
  const logitsAt = body.byteLength - logitsOf(stepRequest).byteLength;
  const pieces = new ListedPieces([
    body.subarray(0, headerLength),
    body.subarray(headerLength, logitsAt),
    ...cutAt(body.subarray(logitsAt), [32]),
  ]);
  const answer = await openResponse(lengthOnly(headerLength), pieces, asked, stepRequest.id);
  await answer.bytes();
  const before = pieces.taken;
  const logits = answer.stream();
  for (let i = 1; i <= 3; i++) {
    await logits.next();
    expect(pieces.taken).toBe(before + 32 * i);
  }
});

function isHeaderValue(value: string): boolean {
  try {
    lengthOnly(value);
    return true;
  } catch {
    return false;
  }
}
