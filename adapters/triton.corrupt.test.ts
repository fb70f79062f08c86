/** Answers with status 200 that are not the ones asked for: the fault corrupt. */
import { describe, expect, test } from "vitest";
import { failureOfAnswer, never, sourceAt, told } from "../test/adapters/failures.ts";
import { serve } from "../test/adapters/server.ts";
import {
  decodeAnswer,
  decodeRequest,
  goodStats,
  headersOf,
  picture,
  stepAnswer,
  stepRequest,
} from "../test/adapters/steps.ts";

const good = stepAnswer(stepRequest);

describe("an answer with status 200", () => {
  const headers = headersOf(good);
  const chunked = { "inference-header-content-length": headers["inference-header-content-length"]! };

  test("and nothing in it is corrupt", async () => {
    expect(told(await failureOfAnswer({}, ""))).toBe("corrupt unknown");
    expect(told(await failureOfAnswer(chunked, ""))).toBe("corrupt unknown");
  });

  test("that is an error all the same is corrupt", async () => {
    expect(told(await failureOfAnswer({ "content-type": "application/json" }, '{"error":"no"}'))).toBe(
      "corrupt unknown",
    );
  });

  test("that is a page is corrupt", async () => {
    expect(told(await failureOfAnswer({ "content-type": "text/html" }, "<html>log in</html>"))).toBe(
      "corrupt unknown",
    );
  });

  test("that ends early, cleanly, is corrupt and billed", async () => {
    expect(told(await failureOfAnswer(chunked, good.body.subarray(0, -1)))).toBe("corrupt yes");
  });

  test("that goes on is corrupt and billed", async () => {
    const long = new Uint8Array(good.body.byteLength + 1);
    long.set(good.body);
    expect(told(await failureOfAnswer(chunked, long))).toBe("corrupt yes");
  });

  test("whose Content-Length is another than its header's sum is corrupt before its tensors are read", async () => {
    const short = good.body.subarray(0, -2);
    const lying = { ...headers, "content-length": String(short.byteLength) };
    expect(told(await failureOfAnswer(lying, short))).toBe("corrupt unknown");
  });

  test("that is gzip in name only is corrupt", async () => {
    expect(told(await failureOfAnswer({ ...headers, "content-encoding": "gzip" }, good.body))).toMatch(
      /^corrupt/,
    );
  });

  test.each([
    ["another revision", { ...goodStats, revision: "sha256:other" }],
    ["another numerics class", { ...goodStats, numerics: "gpu-1" }],
    ["no revision", { ...goodStats, revision: undefined }],
    ["a negative device time", { ...goodStats, device_ms: -1 }],
    ["a device time that is a text", { ...goodStats, device_ms: "1" }],
    ["a cache that is neither hit nor miss", { ...goodStats, cache: "warm" }],
    ["stats that are no object", []],
  ])("with %s is corrupt", async (_, stats) => {
    const frame = stepAnswer(stepRequest, stats);
    expect(told(await failureOfAnswer(headersOf(frame), frame.body))).toBe("corrupt yes");
  });

  test.each([
    ["id", { id: "another" }],
    ["step", { pictures: [picture, picture] }],
    ["length", { length: 3 }],
    ["width", { width: 15 }],
  ])("that answers another %s is corrupt", async (_, change) => {
    const frame = stepAnswer({ ...stepRequest, ...change });
    expect(told(await failureOfAnswer(headersOf(frame), frame.body))).toBe("corrupt unknown");
  });
});

describe("a size that does not fit its shape is corrupt, though body and header agree on it:", () => {
  const json = new TextDecoder().decode(good.body.subarray(0, good.headerLength));
  const logits = good.body.byteLength - 4 * 2 * 16 * 2;
  test.each([
    ["none at all, as Triton answers with numpy 2", 0],
    ["half of it", 128],
    ["twice as much", 512],
  ])("%s", async (_, size) => {
    const header = JSON.parse(json);
    header.outputs[1].parameters.binary_data_size = size;
    const head = Buffer.from(JSON.stringify(header));
    const body = Buffer.concat([head, good.body.subarray(good.headerLength, logits), Buffer.alloc(size)]);
    const headers = headersOf({ headerLength: head.byteLength, body: new Uint8Array(body) });
    expect(told(await failureOfAnswer(headers, body))).toBe("corrupt unknown");
  });
});

describe("a decode", () => {
  async function failureOfDecode(
    frame: { headerLength: number; body: Uint8Array<ArrayBuffer> },
    most = 1000,
  ) {
    await using server = await serve((response) => {
      response.writeHead(200, headersOf(frame)).end(frame.body);
    });
    const source = sourceAt(server.url, { maxMediaBytes: most });
    return await source.decode(decodeRequest, never).then(
      () => "no fault",
      (error) => told(error),
    );
  }

  test("whose files together are larger than the cap is corrupt before they are read", async () => {
    const frame = decodeAnswer([new Uint8Array(600), new Uint8Array(393)]);
    expect(await failureOfDecode(frame)).toBe("corrupt unknown");
    expect(await failureOfDecode(frame, 1001)).toBe("no fault");
  });

  test.each([
    [1, 16],
    [3, 48],
    [5, 64],
  ])("of %i pictures whose files are announced as over %i MiB is corrupt", async (n, mebibytes) => {
    const most = mebibytes * 2 ** 20;
    const pictures = Array.from({ length: n }, () => Uint8Array.of(1, 0));
    const media = (size: number) => ({
      ...{ name: "media", datatype: "BYTES", shape: [n, 1] },
      parameters: { binary_data_size: size },
    });
    const announced = async (size: number) => {
      const head = JSON.stringify({ model_name: "m", model_version: "1", outputs: [media(size)] });
      await using server = await serve((response) => {
        response.writeHead(200, { "inference-header-content-length": head.length }).end(head);
      });
      const error = await sourceAt(server.url)
        .decode({ ...decodeRequest, pictures }, never)
        .catch((fault) => fault);
      return `${told(error)}: ${error.message}`;
    };
    expect(await announced(most + 1)).toMatch(
      new RegExp(`^corrupt unknown.*${most + 1} bytes, over ${most}`),
    );
    // It is the bytes that are missing then.
    expect(await announced(most)).not.toContain("over");
  });

  test("with an empty file is corrupt", async () => {
    expect(await failureOfDecode(decodeAnswer(["one", ""]))).toBe("corrupt yes");
  });

  test("with a file too few is corrupt", async () => {
    expect(await failureOfDecode(decodeAnswer(["one"]))).toBe("corrupt unknown");
  });

  test("whose lengths do not add up is corrupt", async () => {
    const frame = decodeAnswer(["one", "two"]);
    new DataView(frame.body.buffer).setUint32(frame.headerLength, 0xffff_ffff, true);
    expect(await failureOfDecode(frame)).toBe("corrupt yes");
    new DataView(frame.body.buffer).setUint32(frame.headerLength, 2, true);
    expect(await failureOfDecode(frame)).toBe("corrupt yes");
  });
});
