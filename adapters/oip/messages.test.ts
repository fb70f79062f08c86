/** Requests and answers come back from the wire as they went, and whatever is not one is Malformed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parameters, tensors } from "../../test/adapters/arbitrary.ts";
import { Malformed } from "./malformed.ts";
import { decodeRequest, encodeRequest } from "./request.ts";
import { decodeResponse, encodeResponse } from "./response.ts";
import { int32Tensor } from "./tensor.ts";

const id = fc.option(fc.string({ unit: "grapheme" }), { nil: null });
const names = fc.uniqueArray(fc.string({ unit: "grapheme" }), { maxLength: 4 });

test("a request reads as it was written", () => {
  const request = fc.record({ id, parameters, inputs: tensors, outputs: names });
  fc.assert(
    fc.property(request, (one) => {
      const { headerLength, body } = encodeRequest(one);
      expect(headerLength % 8).toBe(0);
      expect(decodeRequest(body, headerLength)).toEqual(one);
    }),
  );
});

test("an answer reads as it was written", () => {
  const response = fc.record({ id, model: fc.string(), parameters, outputs: tensors });
  fc.assert(
    fc.property(response, (one) => {
      const { headerLength, body } = encodeResponse(one);
      expect(decodeResponse(body, headerLength)).toEqual(one);
    }),
  );
});

test("arbitrary bytes are a message or Malformed, never anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: -1, max: 201 }), (body, length) => {
      for (const decode of [decodeRequest, decodeResponse]) {
        try {
          decode(body, length);
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test("a message cut off or continued anywhere is Malformed", () => {
  const { headerLength, body } = encodeRequest({
    id: "a",
    parameters: {},
    inputs: [step(1)],
    outputs: ["logits"],
  });
  for (let end = 0; end < body.byteLength; end++) {
    expect(() => decodeRequest(body.subarray(0, end), headerLength)).toThrow(Malformed);
  }
  const longer = new Uint8Array(body.byteLength + 1);
  longer.set(body);
  expect(() => decodeRequest(longer, headerLength)).toThrow(Malformed);
});

describe("a header is refused", () => {
  const input = { name: "a", datatype: "INT32", shape: [1], parameters: { binary_data_size: 4 } };
  test.each<[string, unknown]>([
    ["that is a list", []],
    ["that is null", null],
    ["without inputs", {}],
    ["with a name twice", { inputs: [input, input] }],
    ["with a name that is no text", { inputs: [{ ...input, name: 1 }] }],
    ["with a datatype of another protocol", { inputs: [{ ...input, datatype: "FP64" }] }],
    ["with a datatype from the prototype", { inputs: [{ ...input, datatype: "toString" }] }],
    ["with a negative size", { inputs: [{ ...input, shape: [-1] }] }],
    ["with half a size", { inputs: [{ ...input, shape: [0.5] }] }],
    ["with a shape that is no list", { inputs: [{ ...input, shape: 1 }] }],
    ["with a product beyond int32", { inputs: [{ ...input, shape: [65536, 65536] }] }],
    ["with nine dimensions", { inputs: [{ ...input, shape: new Array(9).fill(1) }] }],
    [
      "with a size that does not fit its shape",
      { inputs: [{ ...input, parameters: { binary_data_size: 8 } }] },
    ],
    ["with no size", { inputs: [{ ...input, parameters: {} }] }],
    ["with JSON data", { inputs: [{ ...input, data: [1] }] }],
    ["with 65 inputs", { inputs: Array.from({ length: 65 }, (_, i) => ({ ...input, name: `${i}` })) }],
    ["with an id that is a number", { inputs: [input], id: 1 }],
    ["with a parameter that is a list", { inputs: [input], parameters: { a: [] } }],
    ["with an output not asked for as binary", { inputs: [input], outputs: [{ name: "logits" }] }],
    ["with an output twice", { inputs: [input], outputs: [asked("logits"), asked("logits")] }],
  ])("%s", (_, header) => {
    const json = new TextEncoder().encode(JSON.stringify(header));
    const body = new Uint8Array(json.byteLength + 4);
    body.set(json);
    expect(() => decodeRequest(body, json.byteLength)).toThrow(Malformed);
  });

  test("nested beyond reason", () => {
    const json = new TextEncoder().encode("[".repeat(60_000));
    expect(() => decodeRequest(json, json.byteLength)).toThrow(Malformed);
  });
});

test("outputs may be asked for as binary all at once", () => {
  const header = { inputs: [], outputs: [{ name: "logits" }], parameters: { binary_data_output: true } };
  const body = new TextEncoder().encode(JSON.stringify(header));
  expect(decodeRequest(body, body.byteLength).outputs).toEqual(["logits"]);
});

test("a message that names what is wrong does not repeat all of it", () => {
  const body = new TextEncoder().encode(JSON.stringify({ inputs: "x".repeat(10_000) }));
  expect(() => decodeRequest(body, body.byteLength)).toThrow(/^inputs: .{80}$/);
});

function step(k: number) {
  return int32Tensor("step", [1, 1], [k]);
}

function asked(name: string) {
  return { name, parameters: { binary_data: true } };
}
