/** The end of a JSON header is found by its JSON alone, and nothing else is taken for one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arriving, boundaries } from "../../test/adapters/arbitrary.ts";
import { ByteReader, piecesOf } from "./pieces.ts";
import { scanHeader } from "./scan.ts";

const readerOf = (body: Uint8Array, sizes: readonly number[] = [7]) =>
  new ByteReader(piecesOf(arriving(body, sizes)));
const bytes = (text: string) => new TextEncoder().encode(text);

test("any object ends where it ends, whatever follows and however it arrives", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()),
      fc.uint8Array({ maxLength: 20 }),
      boundaries,
      async (value, tensors, sizes) => {
        const header = bytes(JSON.stringify(value));
        const reader = readerOf(new Uint8Array([...header, ...tensors]), sizes);
        expect(await scanHeader(reader)).toEqual(header);
        expect(await reader.exactly(tensors.byteLength, "tensors")).toEqual(tensors);
        await reader.end();
      },
    ),
  );
});

describe("what is no header", () => {
  test.each([
    ["", "the body ends"],
    ["[]", "not an object"],
    [' {"a":1}', "not an object"],
    ['{"a":"}', "the body ends"],
    ['{"a":{}', "the body ends"],
    ['{"a":"\\"}', "the body ends"],
  ])("%j: %s", async (text, message) => {
    await expect(scanHeader(readerOf(bytes(text)))).rejects.toThrow(message);
  });

  test("is read no further than 64 KiB", async () => {
    const reader = readerOf(bytes(`{"a":"${"x".repeat(70_000)}`), [65536]);
    await expect(scanHeader(reader)).rejects.toThrow("it does not end");
  });
});
