/** A step of any size passes through in constant memory, and a server that lies gets no more than the caps. */

import { Readable } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { serve } from "../test/adapters/server.ts";
import { decodeRequest, numerics, picture, revision, stepRequest } from "../test/adapters/steps.ts";
import { bytesTensor } from "./oip/bytes.ts";
import { triton } from "./triton.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const never = new AbortController().signal;
const MiB = 2 ** 20;
/** As many as 64 MiB of files take: each has 16. */
const four = [1, 2, 3, 4].map((token) => Uint8Array.of(token, 0));

/** Bytes in use outside and inside the heap, after a collection. */
function inUse(): number {
  collect();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** The same when V8 has swept as well: what a measurement is compared with. */
async function settled(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return inUse();
}

const jsonOf = (outputs: unknown[]) => JSON.stringify({ model_name: "m", model_version: "1", outputs });
const section = (name: string, datatype: string, shape: number[], size: number) => ({
  name,
  datatype,
  shape,
  parameters: { binary_data_size: size },
});

/** A step of 1024 tokens, V 16384, both branches: 64 MiB of logits. */
const large = { ...stepRequest, length: 1024, width: 16384, pictures: [picture], deadlineMs: 60_000 };
const largeSize = 1024 * 2 * 16384 * 2;

test("64 MiB of logits pass through with less than 8 MiB in use", async () => {
  const stats = bytesTensor(
    "stats",
    [1, 1],
    [JSON.stringify({ device_ms: 1, cache: "hit", revision, numerics })],
  );
  const header = jsonOf([
    section("stats", "BYTES", [1, 1], stats.data.byteLength),
    section("logits", "FP16", [1, 1024, 2, 16384], largeSize),
  ]);
  const part = Buffer.alloc(64 * 1024);
  function* body() {
    yield Buffer.from(header);
    yield stats.data;
    for (let sent = 0; sent < largeSize; sent += part.byteLength) yield part;
  }
  await using server = await serve((response) => {
    response.writeHead(200, { "inference-header-content-length": header.length });
    Readable.from(body()).pipe(response);
  });
  const source = triton({ name: "lab", url: server.url, region: null, numerics });
  const before = await settled();
  const { logits } = await source.step(large, never);
  let [read, peak, pieces] = [0, 0, 0];
  for await (const piece of logits) {
    read += piece.byteLength;
    // Often: V8 frees array buffers a moment after a collection, so what came between samples counts as in use.
    if (pieces++ % 8 === 0) peak = Math.max(peak, inUse() - before);
  }
  expect(read).toBe(largeSize);
  console.log(`64 MiB of logits in ${pieces} pieces: peak ${(peak / MiB).toFixed(1)} MiB`);
  expect(peak).toBeLessThan(8 * MiB);
});

test("files announced as 60 MiB of which a kilobyte comes take less than 1 MiB", async () => {
  const size = 60 * MiB;
  const header = jsonOf([section("media", "BYTES", [4, 1], size + 16)]);
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(size / 4);
  await using server = await serve((response) => {
    response.writeHead(200, { "inference-header-content-length": header.length });
    response.write(Buffer.concat([Buffer.from(header), prefix, Buffer.alloc(1024)]));
  });
  const source = triton({ name: "lab", url: server.url, region: null, numerics });
  const before = await settled();
  const fault = source
    .decode({ ...decodeRequest, pictures: four, deadlineMs: 400 }, never)
    .catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const used = inUse() - before;
  console.log(`a file that does not come: ${(used / MiB).toFixed(2)} MiB`);
  expect(used).toBeLessThan(MiB);
  expect(await fault).toMatchObject({ fault: { kind: "timeout", phase: "body" } });
});

test.each([10, 40, 63])("four files of %i MiB together take little more than that", async (mebibytes) => {
  const size = mebibytes * MiB;
  const header = jsonOf([section("media", "BYTES", [4, 1], size + 16)]);
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, size / 4, true);
  const before = await settled();
  let peak = 0;
  // No server in this process: its buffers, and the socket's, are not the adapter's.
  function* pieces() {
    yield new TextEncoder().encode(header);
    for (let sent = 0; sent < size; sent += 64 * 1024) {
      if (sent % (size / 4) === 0) yield prefix;
      if (sent % MiB === 0) peak = Math.max(peak, inUse() - before);
      yield new Uint8Array(64 * 1024);
    }
  }
  const arriving = pieces();
  const answer: typeof fetch = async () => {
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const { done, value } = arriving.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: { "inference-header-content-length": `${header.length}` } });
  };
  const source = triton({ name: "lab", url: "http://host", region: null, numerics, fetch: answer });
  const { media } = await source.decode({ ...decodeRequest, pictures: four }, never);
  expect(media.map(({ byteLength }) => byteLength)).toEqual(Array(4).fill(size / 4));
  console.log(`files of ${mebibytes} MiB: peak ${(peak / MiB).toFixed(1)} MiB`);
  expect(peak).toBeGreaterThan(0.9 * size);
  expect(peak).toBeLessThan(size + 8 * MiB);
});
