/** Deadlines, cancelling and leaving early: each closes the connection at once, and leaves nothing behind. */
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { serve, type TestServer } from "../test/adapters/server.ts";
import {
  decodeRequest,
  gathered,
  headersOf,
  numerics,
  stepAnswer,
  stepRequest,
} from "../test/adapters/steps.ts";
import type { Fault } from "./fault.ts";
import { triton } from "./triton.ts";

const never = new AbortController().signal;
const good = stepAnswer(stepRequest);
/** Header and stats, and the first logits. */
const begun = good.body.byteLength - 100;

const sourceAt = (url: string) => triton({ name: "lab", url, region: null, numerics });

/** Answers nothing. */
const silent = () => serve(() => {});

/** Answers all but the last hundred bytes. */
const stalled = (upTo = begun) =>
  serve((response) => {
    response.writeHead(200, headersOf(good)).write(good.body.subarray(0, upTo));
  });

async function step(server: TestServer, deadlineMs: number, signal: AbortSignal = never) {
  const answer = await sourceAt(server.url).step({ ...stepRequest, deadlineMs }, signal);
  return await gathered(answer.logits);
}

async function closedWithin(server: TestServer, since: number): Promise<number> {
  return (await server.left) - since;
}

describe("a deadline", () => {
  test.each([0, -5, Number.NaN])("of %d ms has passed: nothing is sent", async (deadlineMs) => {
    await using server = await silent();
    await expect(step(server, deadlineMs)).rejects.toMatchObject({
      fault: { kind: "timeout", phase: "connect" },
      billed: "no",
    });
    expect(server.seen).toHaveLength(0);
  });

  test("that passes while connecting, as Node reports it, is one in the phase connect", async () => {
    const slow: typeof fetch = async () => {
      const cause = Object.assign(new Error("Connect Timeout Error"), { code: "UND_ERR_CONNECT_TIMEOUT" });
      throw new TypeError("fetch failed", { cause });
    };
    const source = triton({ name: "lab", url: "http://host", region: null, numerics, fetch: slow });
    await expect(source.step(stepRequest, never)).rejects.toMatchObject({
      fault: { kind: "timeout", phase: "connect" },
      billed: "no",
    });
  });

  test("that passes before the head is one in the phase head, and closes the connection", async () => {
    await using server = await silent();
    const began = performance.now();
    await expect(step(server, 150)).rejects.toMatchObject({
      fault: { kind: "timeout", phase: "head" },
      billed: "unknown",
    });
    expect(await closedWithin(server, began)).toBeLessThan(250);
  });

  test.each([
    ["JSON header", 20, "unknown"],
    ["stats", good.headerLength + 10, "yes"],
    ["logits", begun, "yes"],
  ])(
    "that passes inside the %s is one in the phase body, and closes the connection",
    async (_, upTo, billed) => {
      await using server = await stalled(upTo);
      const began = performance.now();
      await expect(step(server, 150)).rejects.toMatchObject({
        fault: { kind: "timeout", phase: "body" },
        billed,
      });
      expect(await closedWithin(server, began)).toBeLessThan(250);
    },
  );

  test("that passes while nobody reads closes the connection, and the next piece says so", async () => {
    await using server = await stalled();
    const { logits } = await sourceAt(server.url).step({ ...stepRequest, deadlineMs: 150 }, never);
    await server.left;
    const read = gathered(logits);
    await expect(read).rejects.toMatchObject({ fault: { kind: "timeout", phase: "body" } });
  });

  test("holds where fetch and stream ignore their signal", async () => {
    const deaf = (answer: () => Promise<Response>) =>
      triton({ name: "lab", url: "http://host", region: null, numerics, fetch: answer });
    const request = { ...stepRequest, deadlineMs: 50 };
    const silence = deaf(() => new Promise(() => {}));
    await expect(silence.step(request, never)).rejects.toMatchObject({ fault: { phase: "head" } });
    const stall = deaf(async () => new Response(new ReadableStream({}), { headers: headersOf(good) }));
    await expect(stall.step(request, never)).rejects.toMatchObject({ fault: { phase: "body" } });
  });

  test("of months is none", async () => {
    await using server = await serve((response) => {
      response.writeHead(200, headersOf(good)).end(good.body);
    });
    expect(await step(server, 1e12)).toHaveLength(good.body.byteLength - good.headerLength - sectionBefore);
  });
});

/** Bytes of `stats` in the good answer. */
const sectionBefore = good.body.byteLength - good.headerLength - 4 * 2 * 16 * 2;

describe("a caller that aborts", () => {
  test("before the call sends nothing", async () => {
    await using server = await silent();
    await expect(step(server, 5000, AbortSignal.abort())).rejects.toMatchObject({
      fault: { kind: "cancelled" },
      billed: "no",
    });
    expect(server.seen).toHaveLength(0);
  });

  test.each([
    ["before the head", silent, "unknown"],
    ["inside the JSON header", () => stalled(20), "unknown"],
    ["inside the logits", () => stalled(), "yes"],
  ])("%s closes the connection within 100 ms", async (_, server, billed) => {
    await using stalling = await server();
    const controller = new AbortController();
    const failure = step(stalling, 5000, controller.signal).catch((error: Fault) => error);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    controller.abort(new Error("gone"));
    expect(await failure).toMatchObject({ fault: { kind: "cancelled" }, billed });
    expect(await closedWithin(stalling, began)).toBeLessThan(100);
  });

  test("a decode closes the connection within 100 ms", async () => {
    await using server = await silent();
    const controller = new AbortController();
    const failure = sourceAt(server.url)
      .decode(decodeRequest, controller.signal)
      .catch((error: Fault) => error);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    controller.abort();
    expect(await failure).toMatchObject({ fault: { kind: "cancelled" } });
    expect(await closedWithin(server, began)).toBeLessThan(100);
  });
});

describe("leaving the logits", () => {
  test("after the first piece closes the connection within 100 ms", async () => {
    await using server = await stalled();
    const { logits } = await sourceAt(server.url).step(stepRequest, never);
    for await (const _ of logits) break;
    expect(await closedWithin(server, performance.now())).toBeLessThan(100);
  });

  test("before the first piece closes it as well", async () => {
    await using server = await stalled();
    const { logits } = await sourceAt(server.url).step(stepRequest, never);
    const began = performance.now();
    await logits[Symbol.asyncIterator]().return?.();
    expect(await closedWithin(server, began)).toBeLessThan(100);
  });

  test("while a piece is awaited closes it, and the piece ends as cancelled", async () => {
    await using server = await stalled();
    const { logits } = await sourceAt(server.url).step(stepRequest, never);
    const iterator = logits[Symbol.asyncIterator]();
    const pending = (async () => {
      for (;;) await iterator.next();
    })().catch((error: Fault) => error);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = performance.now();
    await iterator.return?.();
    expect(await pending).toMatchObject({ fault: { kind: "cancelled" } });
    expect(await closedWithin(server, began)).toBeLessThan(100);
  });
});

test("a call that is over leaves no listener on the caller's signal", async () => {
  await using server = await serve((response) => {
    response.writeHead(200, headersOf(good)).end(good.body);
  });
  const { signal } = new AbortController();
  await step(server, 5000, signal);
  await step(server, 0, signal).catch(() => {});
  const { logits } = await sourceAt(server.url).step(stepRequest, signal);
  for await (const _ of logits) break;
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("connections are used again after an answer that ended well", async () => {
  const ports = new Set<number | undefined>();
  await using server = await serve((response) => {
    ports.add(response.socket?.remotePort);
    response.writeHead(200, headersOf(good)).end(good.body);
  });
  for (let i = 0; i < 5; i++) {
    await step(server, 5000);
    // Node gives a connection back to its pool a moment after the body's end.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(ports.size).toBe(1);
});
