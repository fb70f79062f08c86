/** What an endpoint says of an error, from bodies of every kind. */
import { expect, test } from "vitest";
import { ListedPieces } from "../../test/adapters/arbitrary.ts";
import { maxComplaintBytes, readComplaint } from "./complaint.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ['{"error":"no such model"}', "no such model"],
  ['{"error":{"code":1}}', '{"error":{"code":1}}'],
  ["plain text\n", "plain text"],
  ["", ""],
])("%s says %s", async (body, expected) => {
  const pieces = new ListedPieces([bytes(body)]);
  expect(await readComplaint(pieces, 0)).toBe(expected);
  expect(pieces.closed).toBe(true);
});

test("bytes that are no text are a text all the same", async () => {
  expect(await readComplaint(new ListedPieces([Uint8Array.of(0xff, 65)]), 0)).toBe("\ufffdA");
});

test("a body that breaks says what came before", async () => {
  const pieces = {
    left: [bytes("half a ")],
    next: async () => pieces.left.shift() ?? Promise.reject(new Error("lost")),
    cancel: () => {},
  };
  expect(await readComplaint(pieces, 0)).toBe("half a");
});

test("a body without end is read to the cap, less the margin that keeps half a secret out", async () => {
  function* endless() {
    for (;;) yield bytes("x".repeat(1000));
  }
  const pieces = new ListedPieces(endless());
  expect(await readComplaint(pieces, 10)).toHaveLength(maxComplaintBytes - 10);
  expect(pieces.taken).toBeLessThan(maxComplaintBytes + 1000);
  expect(pieces.closed).toBe(true);
});
