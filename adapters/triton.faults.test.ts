/** Every way in which a call can fail, against a real server: one fault each, with its billing bit. */
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { serve, serveRaw } from "../test/adapters/server.ts";
import {
  decodeAnswer,
  decodeRequest,
  gathered,
  goodStats,
  headersOf,
  numerics,
  picture,
  stepAnswer,
  stepRequest,
} from "../test/adapters/steps.ts";
import type { StepRequest, StepSource } from "./contract.ts";
import { Fault } from "./fault.ts";
import { type TritonOptions, triton } from "./triton.ts";

const never = new AbortController().signal;
const good = stepAnswer(stepRequest);

function sourceAt(url: string, options: Partial<TritonOptions> = {}): StepSource {
  return triton({ name: "lab", url, region: null, numerics, ...options });
}

/** Runs a step to its end and says how it failed: `kind/phase billed`. */
async function failureOf(
  source: StepSource,
  request: StepRequest = stepRequest,
  signal = never,
): Promise<Fault> {
  try {
    const answer = await source.step(request, signal);
    await gathered(answer.logits);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("the step did not fail");
}

function told(fault: Fault): string {
  const { fault: what, billed } = fault;
  return `${what.kind === "timeout" ? `timeout/${what.phase}` : what.kind} ${billed}`;
}

/** The failure of a step that is answered with these bytes on the socket. */
async function failureOfRaw(...parts: (string | Uint8Array)[]): Promise<Fault> {
  await using server = await serveRaw((socket) => {
    for (const part of parts) socket.write(part);
    socket.end();
  });
  return await failureOf(sourceAt(server.url));
}

/** The failure of a step that is answered with 200, these headers and this body. */
async function failureOfAnswer(headers: Record<string, string>, body: Uint8Array | string): Promise<Fault> {
  await using server = await serve((response) => {
    response.writeHead(200, headers).end(body);
  });
  return await failureOf(sourceAt(server.url));
}

describe("a status", () => {
  test.each([
    [400, '{"error":"Request for unknown model: \'x\' is not found"}', "cold no"],
    [400, '{"error":"model \'x\' is not ready"}', "cold no"],
    [400, '{"error":"tokens: a token >= V"}', "rejected no"],
    [400, "", "rejected no"],
    [401, "", "credentials no"],
    [403, '{"error":"This API is restricted, expecting header \'x\'"}', "credentials no"],
    [404, "Request for unknown model: 'x' has no available versions", "cold no"],
    [405, "", "unreachable no"],
    [408, "", "timeout/head unknown"],
    [413, "", "unreachable no"],
    [429, "", "overloaded no"],
    [500, '{"error":"CUDA out of memory"}', "unreachable unknown"],
    [501, "", "unreachable no"],
    [502, "", "unreachable unknown"],
    [503, '{"error":"Server is stopping"}', "cold no"],
    [504, "", "timeout/head unknown"],
    [521, "error code: 521", "cold no"],
    [522, "", "timeout/connect no"],
    [524, "", "timeout/head unknown"],
    [529, "", "overloaded no"],
    [302, "", "unreachable no"],
    [201, "", "corrupt unknown"],
    [204, "", "corrupt unknown"],
  ])("%i %s is %s", async (status, body, expected) => {
    await using server = await serve((response) => {
      response.writeHead(status, { location: "http://127.0.0.1:1/" }).end(body);
    });
    const fault = await failureOf(sourceAt(server.url));
    expect(told(fault)).toBe(expected);
    expect(fault.endpoint).toBe("lab");
  });

  test("its text stays in the message, as JSON whatever the content type says", async () => {
    await using server = await serve((response) => {
      response.writeHead(400, { "content-type": "text/plain" }).end('{"error":"guidance: two strengths"}');
    });
    expect((await failureOf(sourceAt(server.url))).message).toBe(
      "lab: rejected: 400 guidance: two strengths",
    );
  });

  test("is not waited for when its body dawdles", async () => {
    await using server = await serve((response) => {
      response.writeHead(429).write("slow");
    });
    const began = performance.now();
    expect(told(await failureOf(sourceAt(server.url)))).toBe("overloaded no");
    expect(performance.now() - began).toBeLessThan(2000);
    await server.left;
  });

  test("says more than a deadline that passes while its body dawdles", async () => {
    await using server = await serve((response) => {
      response.writeHead(503).write("slow");
    });
    expect(told(await failureOf(sourceAt(server.url), { ...stepRequest, deadlineMs: 100 }))).toBe("cold no");
  });

  test("with a body without end is read to 64 KiB", async () => {
    let sent = 0;
    const part = Buffer.alloc(16 * 1024, "x");
    const endless = function* () {
      for (; sent < 64 * 2 ** 20; sent += part.byteLength) yield part;
    };
    await using server = await serve((response) => {
      Readable.from(endless()).pipe(response.writeHead(500));
    });
    const fault = await failureOf(sourceAt(server.url));
    expect(told(fault)).toBe("unreachable unknown");
    expect(fault.message.length).toBeLessThan(1100);
    await server.left;
    // What the kernel's socket buffers take stands beside what was read.
    expect(sent).toBeLessThan(16 * 2 ** 20);
  });
});

describe("a connection", () => {
  test("that is refused is cold and free", async () => {
    const server = await serve(() => {});
    await server[Symbol.asyncDispose]();
    expect(told(await failureOf(sourceAt(server.url)))).toBe("cold no");
    expect(told(await failureOf(sourceAt(server.url.replace("127.0.0.1", "localhost"))))).toBe("cold no");
  });

  test("to a name that does not exist is unreachable and free", async () => {
    expect(told(await failureOf(sourceAt("http://nosuch.invalid")))).toBe("unreachable no");
  });

  test("closed before the head is unreachable, its cost unknown", async () => {
    expect(told(await failureOfRaw())).toBe("unreachable unknown");
  });

  test("reset before the head is unreachable, its cost unknown", async () => {
    await using server = await serveRaw((socket) => socket.resetAndDestroy());
    expect(told(await failureOf(sourceAt(server.url)))).toBe("unreachable unknown");
  });

  test("that does not speak HTTP is corrupt", async () => {
    expect(told(await failureOfRaw("hello\r\n\r\n"))).toBe("corrupt unknown");
  });

  test("broken inside the JSON header is unreachable, its cost unknown", async () => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${good.body.byteLength}\r\ninference-header-content-length: ${good.headerLength}\r\n\r\n`;
    expect(told(await failureOfRaw(head, good.body.subarray(0, 20)))).toBe("unreachable unknown");
  });

  test.each([1, 100])(
    "broken %i bytes before the end of the logits is unreachable and billed",
    async (missing) => {
      const head = `HTTP/1.1 200 OK\r\ncontent-length: ${good.body.byteLength}\r\ninference-header-content-length: ${good.headerLength}\r\n\r\n`;
      const part = good.body.subarray(0, good.body.byteLength - missing);
      expect(told(await failureOfRaw(head, part))).toBe("unreachable yes");
    },
  );

  test("whose chunks make no sense is corrupt", async () => {
    const head = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ninference-header-content-length: ${good.headerLength}\r\n\r\n`;
    expect(told(await failureOfRaw(head, "3\r\nabc\r\nzz\r\n"))).toBe("corrupt unknown");
  });
});

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

describe("a request that contradicts itself is rejected before anything is sent:", () => {
  const { prefix, ...rest } = picture;
  test.each<[string, Partial<StepRequest>]>([
    ["no pictures", { pictures: [] }],
    ["guidance for another step", { step: 2 }],
    ["a second branch without a prefix", { pictures: [{ ...rest, prefix: new Uint8Array(0) }] }],
    ["one branch with a prefix to corrupt", { branches: 1 }],
    ["half a token", { pictures: [{ ...rest, prefix: Uint8Array.of(1) }] }],
    ["prefixes of two lengths", { pictures: [picture, { ...rest, prefix: Uint8Array.of(1, 0, 2, 0) }] }],
    [
      "a seed beyond 2^53",
      { pictures: [{ ...picture, corruption: { ...picture.corruption, seed: 2 ** 53 } }] },
    ],
    ["a class that is no integer", { pictures: [{ ...picture, condition: { kind: "class", index: 0.5 } }] }],
    ["a strength that is no number", { pictures: [{ ...picture, guidance: [0, Number.NaN] }] }],
    [
      "classes and texts",
      { pictures: [picture, { ...picture, condition: { kind: "text", prompt: "", negativePrompt: "" } }] },
    ],
    ["a temperature for some pictures", { pictures: [picture, { ...picture, temperature: 1 }] }],
  ])("%s", async (_, change) => {
    let calls = 0;
    const counting: typeof fetch = async () => {
      calls++;
      return new Response();
    };
    const source = sourceAt("http://host", { fetch: counting });
    expect(told(await failureOf(source, { ...stepRequest, ...change }))).toBe("rejected no");
    expect(calls).toBe(0);
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

describe("a secret", () => {
  const secrets: readonly [string, Partial<TritonOptions>][] = [
    ["tok/en+with=signs", { credentials: { kind: "bearer", token: "tok/en+with=signs" } }],
    ['pass"word', { credentials: { kind: "basic", user: "u", password: 'pass"word' } }],
    ["Y2xpZW50", { headers: { "cf-access-client-secret": "Y2xpZW50" } }],
  ];

  test.each(secrets)(
    "%s does not come back in a fault, whatever the endpoint echoes",
    async (secret, options) => {
      await using server = await serve((response, request) => {
        const echo = { error: `${JSON.stringify(request.headers)} ${secret} ${encodeURIComponent(secret)}` };
        response.writeHead(401).end(JSON.stringify(echo));
      });
      const fault = await failureOf(sourceAt(server.url, options));
      expect(told(fault)).toBe("credentials no");
      expect(fault.message).toContain("***");
      for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
        expect(fault.message).not.toContain(form);
        expect(String(fault.stack)).not.toContain(form);
      }
      expect(fault.cause).toBeUndefined();
    },
  );

  test("does not come back out of the platform's own errors", async () => {
    const failing: typeof fetch = async (_, init) => {
      throw new TypeError(`bad header ${new Headers(init?.headers).get("authorization")}`);
    };
    const options = { fetch: failing, credentials: { kind: "bearer", token: "abcdef" } } as const;
    expect((await failureOf(sourceAt("http://host", options))).message).not.toContain("abcdef");
  });
});
