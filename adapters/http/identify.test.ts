/** What an operator gives as a header, a token or a password is in no message, in the form the wire gives it. */
import { describe, expect, test } from "vitest";
import { type Credentials, identify } from "./identify.ts";
import { redactor } from "./redact.ts";

const clean = (text: string, extra: Record<string, string>, credentials?: Credentials) =>
  redactor(identify(extra, credentials).secrets)(text);

describe("a header's value", () => {
  test("is secret without the scheme before it", () => {
    const extra = { authorization: "Api-Key abc123def" };
    expect(clean("no such key: abc123def", extra)).toBe("no such key: ***");
    expect(clean("not known: Api-Key abc123def", extra)).toBe("not known: ***");
  });

  test("is secret without the newline that the wire takes off", () => {
    expect(clean("not known: s3cr3t", { "x-key": " s3cr3t\n" })).toBe("not known: ***");
    expect(identify({ "x-key": " s3cr3t\n" }).headers.get("x-key")).toBe("s3cr3t");
  });

  test("leaves words under six characters in other texts, unless it is one", () => {
    expect(clean("Key of abc", { authorization: "Key abcdef" })).toBe("Key of abc");
    expect(clean("Key of abc", { "x-key": "abc" })).toBe("Key of ***");
  });
});

test.each<[string, Credentials]>([
  ["a token", { kind: "bearer", token: "s3cr3t\n" }],
  ["a password", { kind: "basic", user: "u", password: "s3cr3t\n" }],
  ["a service token", { kind: "access", id: "client\n", secret: "s3cr3t\n" }],
  ["a service token's id", { kind: "access", id: "s3cr3t\n", secret: "other" }],
])("%s is secret without the newline behind it", (_, credentials) => {
  expect(clean("not known: s3cr3t!", {}, credentials)).toBe("not known: ***!");
});
