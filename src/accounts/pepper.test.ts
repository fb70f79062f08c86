import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pepper, sameHash, sameSecret } from "./pepper.ts";

describe("the stored form of a key", () => {
  it("is HMAC-SHA-256 in hex (RFC 4231, case 2)", async () => {
    expect(await new Pepper("Jefe").hash("what do ya want for nothing?")).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });

  it("is another under another pepper, so that a stolen table opens nothing", async () => {
    expect(await new Pepper("one").hash("key")).not.toBe(await new Pepper("two").hash("key"));
  });

  it("is none at all without a pepper", async () => {
    await expect(new Pepper("").hash("key")).rejects.toThrow();
  });
});

describe("comparing", () => {
  it("says the same as equality", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (a, b) => {
        expect(sameHash(a, a)).toBe(true);
        expect(sameHash(a, b)).toBe(a === b);
        expect(await sameSecret(a, a)).toBe(true);
        expect(await sameSecret(a, b)).toBe(a === b);
      }),
    );
  });
});
