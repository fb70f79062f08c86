/** Failures of fetch as Node and workerd (2026-08-22) word them, each recorded from the platform itself. */
import { expect, test } from "vitest";
import { described, meaningOf } from "./network.ts";

const failed = (message: string, code?: string, name = "Error") =>
  new TypeError("fetch failed", {
    cause: Object.assign(new Error(message), code === undefined ? { name } : { name, code }),
  });

test.each([
  ["a refused connection", failed("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED"), "cold", "no"],
  [
    "a refused connection to both addresses of a name",
    new TypeError("fetch failed", { cause: new AggregateError([failed("x", "ECONNREFUSED").cause]) }),
    "cold",
    "no",
  ],
  ["a slow connect", failed("Connect Timeout Error", "UND_ERR_CONNECT_TIMEOUT"), "timeout", "no"],
  ["an unknown name", failed("getaddrinfo ENOTFOUND nosuch.invalid", "ENOTFOUND"), "unreachable", "no"],
  ["a port fetch refuses", failed("bad port"), "unreachable", "no"],
  ["a reset", failed("read ECONNRESET", "ECONNRESET"), "unreachable", undefined],
  ["a closed socket", failed("other side closed", "UND_ERR_SOCKET", "SocketError"), "unreachable", undefined],
  [
    "bytes that are not HTTP",
    failed("Response does not match the HTTP/1.1 protocol", undefined, "HTTPParserError"),
    "corrupt",
    undefined,
  ],
  ["a broken gzip", failed("incorrect header check", "Z_DATA_ERROR"), "corrupt", undefined],
  ["a broken gzip in workerd", new TypeError("Gzip decompression failed."), "corrupt", undefined],
  ["a cut gzip in workerd", new TypeError("Gzip compressed stream ended prematurely."), "corrupt", undefined],
  ["a lost connection in workerd", new Error("Network connection lost."), "unreachable", undefined],
  ["an error workerd hides", new Error("internal error; reference = 4dg4tfaf"), "unreachable", undefined],
  ["what is no error", "lost", "unreachable", undefined],
])("%s", (_, error, kind, billed) => {
  expect(meaningOf(error)).toMatchObject({ fault: { kind } });
  expect(meaningOf(error).billed).toBe(billed);
});

test("causes are told to a depth, also where they go in circles", () => {
  const error = new Error("round");
  error.cause = error;
  expect(described(error).split("; ")).toHaveLength(5);
});
