/** Typed values go into tensors and come out the same, little endian; what does not fit is Malformed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesTensor, bytesValues, textValues } from "./bytes.ts";
import { Malformed } from "./malformed.ts";
import {
  fp32Tensor,
  fp32Values,
  int32Tensor,
  int32Values,
  rawTensor,
  uint16Values,
  uint64Tensor,
  uint64Values,
} from "./tensor.ts";

test("INT32 keeps every integer of 32 bits", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (values) => {
      expect([...int32Values(int32Tensor("a", [values.length], values))]).toEqual(values);
    }),
  );
});

test("FP32 rounds once", () => {
  const finite = fc.double({ noNaN: true, min: -3e38, max: 3e38 });
  fc.assert(
    fc.property(fc.array(finite), (values) => {
      expect([...fp32Values(fp32Tensor("a", [values.length], values))]).toEqual(values.map(Math.fround));
    }),
  );
});

test("UINT64 keeps numbers up to 2^53 - 1 and bigints up to 2^64 - 1", () => {
  const value = fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  fc.assert(
    fc.property(fc.array(value), (values) => {
      expect([...uint64Values(uint64Tensor("a", [values.length], values))]).toEqual(values.map(BigInt));
    }),
  );
});

test("BYTES keeps texts and bytes", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.uint8Array()), (texts, bytes) => {
      expect(textValues(bytesTensor("a", [texts.length], texts))).toEqual(texts);
      expect(bytesValues(bytesTensor("a", [bytes.length], bytes))).toEqual(bytes);
    }),
  );
});

test("tensors are read at odd offsets too", () => {
  const data = Uint8Array.of(9, 1, 2, 3, 4).subarray(1);
  expect([...uint16Values(rawTensor("a", "UINT16", [2], data))]).toEqual([0x0201, 0x0403]);
});

test("the wire is little endian", () => {
  expect([...int32Tensor("a", [1], [1]).data]).toEqual([1, 0, 0, 0]);
  expect([...uint64Tensor("a", [1], [2 ** 32]).data]).toEqual([0, 0, 0, 0, 1, 0, 0, 0]);
  expect([...bytesTensor("a", [1], ["A"]).data]).toEqual([1, 0, 0, 0, 65]);
});

describe("Malformed is", () => {
  test.each<[string, () => unknown]>([
    ["an INT32 of 2^31", () => int32Tensor("a", [1], [2 ** 31])],
    ["an INT32 that is no integer", () => int32Tensor("a", [1], [Number.NaN])],
    ["an FP32 beyond its range", () => fp32Tensor("a", [1], [1e39])],
    ["a UINT64 below zero", () => uint64Tensor("a", [1], [-1])],
    ["a UINT64 number that is not exact", () => uint64Tensor("a", [1], [2 ** 53])],
    ["a UINT64 of 2^64", () => uint64Tensor("a", [1], [2n ** 64n])],
    ["a value too few", () => int32Tensor("a", [2], [1])],
    ["a text too many", () => bytesTensor("a", [1], ["a", "b"])],
    ["bytes that do not fill their shape", () => rawTensor("a", "FP16", [3], new Uint8Array(5))],
    ["a tensor read as another datatype", () => int32Values(fp32Tensor("a", [1], [1]))],
    ["BYTES read as another datatype", () => fp32Values(bytesTensor("a", [1], ["1234"]))],
    ["text that is not UTF-8", () => textValues(bytesTensor("a", [1], [Uint8Array.of(0xff)]))],
    ["more elements than bytes", () => bytesValues(bytesOf([2 ** 31 - 1], 8))],
    ["bytes after the last element", () => bytesValues(bytesOf([1], 8))],
    ["an element longer than its section", () => bytesValues(bytesOf([1], 5, 2))],
  ])("%s", (_, make) => {
    expect(make).toThrow(Malformed);
  });
});

/** A BYTES tensor made by hand: a shape, a number of bytes, and the length before its first element. */
function bytesOf(shape: number[], size: number, first = 0) {
  const data = new Uint8Array(size);
  data[0] = first;
  return { name: "a", datatype: "BYTES", shape, data } as const;
}
