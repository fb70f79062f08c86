/** What an endpoint may write about when to come back. */
import { expect, test } from "vitest";
import { retryAfterOf } from "./retry-after.ts";

const date = "Mon, 30 Nov 2026 12:00:00 GMT";

test.each([
  [{ "retry-after": "7" }, 7_000],
  [{ "retry-after": "0" }, 0],
  [{ "retry-after": "3600" }, 60_000],
  [{ "retry-after": "1", "retry-after-ms": "250.5" }, 250.5],
  [{ "retry-after-ms": "99999999" }, 60_000],
  [{ "retry-after": "Mon, 30 Nov 2026 12:00:05 GMT", date }, 5_000],
  [{ "retry-after": "Mon, 30 Nov 2026 11:00:00 GMT", date }, 0],
  [{ "retry-after": "Mon, 30 Nov 2099 12:00:00 GMT" }, 60_000],
  [{ "retry-after": "soon" }, null],
  [{ "retry-after": "-5" }, null],
  [{}, null],
] as const)("%o asks for %s ms", (headers, expected) => {
  expect(retryAfterOf(new Headers(headers))).toBe(expected);
});
