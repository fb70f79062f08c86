/** Exact amounts come out of pieces of any size, and a piece is never read before it is needed. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { boundaries, cutAt, ListedPieces } from "../../test/adapters/arbitrary.ts";
import { Malformed } from "./malformed.ts";
import { ByteReader, piecesOf } from "./pieces.ts";

test("a body is the same whatever its pieces and whatever the amounts it is read in", async () => {
  const amounts = fc.array(fc.nat(50));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), boundaries, amounts, async (body, sizes, lengths) => {
      const reader = new ByteReader(new ListedPieces(cutAt(body, sizes)));
      let at = 0;
      for (const length of lengths) {
        if (at + length > body.byteLength) break;
        expect(await reader.exactly(length, "part")).toEqual(body.slice(at, at + length));
        at += length;
      }
      while (at < body.byteLength) {
        const some = (await reader.some(7))!;
        expect(some.byteLength).toBeLessThanOrEqual(7);
        expect(some).toEqual(body.slice(at, at + some.byteLength));
        at += some.byteLength;
      }
      await reader.end();
    }),
  );
});

test.each([1, 65_536, 65_537, 1_048_576, 1_048_577, 3_000_000])(
  "%i bytes come whole from pieces of 10000",
  async (length) => {
    const body = Uint8Array.from({ length }, (_, i) => i % 251);
    const bytes = await new ByteReader(new ListedPieces(cutAt(body, [10_000]))).exactly(length, "file");
    expect(Buffer.compare(bytes, body)).toBe(0);
    expect(bytes.buffer.byteLength).toBe(length);
  },
);

test("a body that ends early or goes on is Malformed", async () => {
  const three = () => new ByteReader(new ListedPieces([Uint8Array.of(1, 2, 3)]));
  await expect(three().exactly(4, "part")).rejects.toThrow(Malformed);
  await expect(three().end()).rejects.toThrow(Malformed);
});

test("a stream is read on demand, and closing it cancels it", async () => {
  let [pulled, cancelled] = [0, false];
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => controller.enqueue(Uint8Array.of(pulled++)),
      cancel: () => {
        cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const pieces = piecesOf(stream);
  expect(await pieces.next()).toEqual(Uint8Array.of(0));
  expect(pulled).toBe(1);
  pieces.cancel();
  expect(cancelled).toBe(true);
  expect(await pieces.next()).toBeNull();
});

test("a stream of bytes is asked for more at a time once what was asked for has come", async () => {
  const body = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
  const rooms: number[] = [];
  let at = 0;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const request = controller.byobRequest!;
      const view = request.view as Uint8Array;
      rooms.push(view.byteLength);
      const part = body.subarray(at, at + view.byteLength);
      view.set(part);
      at += part.byteLength;
      if (part.byteLength === 0) controller.close();
      request.respond(part.byteLength);
    },
  });
  const bytes = await new ByteReader(piecesOf(stream)).exactly(body.byteLength, "body");
  expect(Buffer.compare(bytes, body)).toBe(0);
  expect(rooms).toEqual([4_096, 16_384, 65_536, 65_536, 65_536]);
});

test("no stream is an empty body", async () => {
  const pieces = piecesOf(null);
  expect(await pieces.next()).toBeNull();
  pieces.cancel();
});
