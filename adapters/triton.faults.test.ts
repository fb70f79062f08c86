/** Refusals, broken connections and secrets, against a real server: one fault each, with its billing bit. */
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { failureOf, sourceAt, told } from "../test/adapters/failures.ts";
import { serve, serveRaw } from "../test/adapters/server.ts";
import { headersOf, stepAnswer, stepRequest } from "../test/adapters/steps.ts";
import type { Fault } from "./fault.ts";
import type { TritonOptions } from "./triton.ts";

const good = stepAnswer(stepRequest);

/** The failure of a step that is answered with these bytes on the socket. */
async function failureOfRaw(...parts: (string | Uint8Array)[]): Promise<Fault> {
  await using server = await serveRaw((socket) => {
    for (const part of parts) socket.write(part);
    socket.end();
  });
  return await failureOf(sourceAt(server.url));
}

describe("a status", () => {
  test.each([
    [400, '{"error":"Request for unknown model: \'x\' is not found"}', "cold no"],
    [400, '{"error":"model \'x\' is not ready"}', "cold no"],
    [400, '{"error":"tokens: a token >= V"}', "rejected no"],
    [400, "", "rejected no"],
    [400, "<center>No required SSL certificate was sent</center>", "credentials no"],
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

  test.each([
    [429, 2_000],
    [503, 2_000],
    [400, null],
    [500, null],
  ])("%i with a Retry-After of 2 s asks for %s ms", async (status, expected) => {
    await using server = await serve((response) => {
      response.writeHead(status, { "retry-after": "2" }).end();
    });
    expect((await failureOf(sourceAt(server.url))).retryAfterMs).toBe(expected);
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

test("a redirect is not followed: credentials stay with the host they were given for", async () => {
  await using elsewhere = await serve((response) => {
    response.writeHead(200, headersOf(good)).end(good.body);
  });
  await using server = await serve((response) => {
    response.writeHead(307, { location: `${elsewhere.url}/v2/models/var-sprites/infer` }).end();
  });
  expect(told(await failureOf(sourceAt(server.url)))).toBe("unreachable no");
  expect(elsewhere.seen).toHaveLength(0);
});

test("a redirect to Cloudflare Access's login is a matter of credentials", async () => {
  await using server = await serve((response) => {
    const location = "https://team.cloudflareaccess.com/cdn-cgi/access/login/gpu.example?kid=1";
    response.writeHead(302, { location }).end();
  });
  expect(told(await failureOf(sourceAt(server.url)))).toBe("credentials no");
});

describe("a secret", () => {
  const secrets: readonly [string, Partial<TritonOptions>][] = [
    ["tok/en+with=signs", { credentials: { kind: "bearer", token: "tok/en+with=signs" } }],
    ['pass"word', { credentials: { kind: "basic", user: "u", password: 'pass"word' } }],
    ["serv1ce", { credentials: { kind: "access", id: "client.access", secret: "serv1ce" } }],
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

  test("is a prompt too, whole or where a long answer is cut", async () => {
    const [prompt, negativePrompt] = ['a fox, red "as" rust', "fog\nand rain"];
    const condition = { kind: "text", prompt, negativePrompt } as const;
    const request = { ...stepRequest, pictures: stepRequest.pictures.map((one) => ({ ...one, condition })) };
    const echo = `no room for ${prompt}, without ${negativePrompt}`;
    for (const body of [echo, JSON.stringify({ error: JSON.stringify(echo) }), echo.padEnd(70_000, prompt)]) {
      await using server = await serve((response) => void response.writeHead(400).end(body));
      const { message } = await failureOf(sourceAt(server.url), request);
      expect(message).toContain("no room for ***, without ***");
      expect(message).not.toMatch(/fox|rust|fog|rain/);
    }
  });

  test("does not come back out of the platform's own errors", async () => {
    const failing: typeof fetch = async (_, init) => {
      throw new TypeError(`bad header ${new Headers(init?.headers).get("authorization")}`);
    };
    const options = { fetch: failing, credentials: { kind: "bearer", token: "abcdef" } } as const;
    expect((await failureOf(sourceAt("http://host", options))).message).not.toContain("abcdef");
  });
});
