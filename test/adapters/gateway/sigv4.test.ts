/** The verifier itself, by AWS's published example requests, and by requests that were changed after they were signed. */
import { describe, expect, test } from "vitest";
import type { Received } from "./dialect.ts";
import { signatureError } from "./sigv4.ts";

/** Of the Signature Version 4 test suite. */
const identity = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
  service: "service",
};
const scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
const then = Date.UTC(2015, 7, 30, 12, 36);

function request(change: Partial<Received>, signature: string, signed = "host;x-amz-date"): Received {
  return {
    method: "GET",
    path: "/",
    body: Buffer.alloc(0),
    ...change,
    headers: {
      host: "example.amazonaws.com",
      "x-amz-date": "20150830T123600Z",
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${signed}, Signature=${signature}`,
      ...change.headers,
    },
  };
}

const vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

describe("a signature", () => {
  test("of the published get-vanilla request is right", () => {
    expect(signatureError(request({}, vanilla), identity, then)).toBeNull();
  });

  test("of the published post-vanilla request is right", () => {
    const signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
    expect(signatureError(request({ method: "POST" }, signature), identity, then)).toBeNull();
  });

  test.each<[string, Received]>([
    ["another method", request({ method: "PUT" }, vanilla)],
    ["another path", request({ path: "/else" }, vanilla)],
    ["a query", request({ path: "/?a=b" }, vanilla)],
    ["another host", request({ headers: { host: "else.example" } }, vanilla)],
    ["a body", request({ body: Buffer.from("x") }, vanilla)],
    ["a header that must be signed", request({ headers: { "x-amz-target": "else" } }, vanilla)],
  ])("of a request with %s is wrong", (_, changed) => {
    expect(signatureError(changed, identity, then)).toBe("InvalidSignatureException");
  });

  test("is wrong a quarter of an hour later, with another secret, and of somebody unknown", () => {
    expect(signatureError(request({}, vanilla), identity, then + 900_000)).toBe("InvalidSignatureException");
    const other = { ...identity, secretAccessKey: "other" };
    expect(signatureError(request({}, vanilla), other, then)).toBe("InvalidSignatureException");
    const unknown = { ...identity, accessKeyId: "AKIDOTHER" };
    expect(signatureError(request({}, vanilla), unknown, then)).toBe("UnrecognizedClientException");
  });
});
