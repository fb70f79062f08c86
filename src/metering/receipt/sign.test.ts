import { generateKeyPairSync } from "node:crypto";
import { CompactSign, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { endedOf, planOf } from "../../../test/ended.ts";
import { makeReceipt } from "./receipt.ts";
import { openReceipt, publicKeys, readSigned, signReceipt } from "./sign.ts";

const makeKey = () => generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
const [first, second] = [makeKey(), makeKey()];
const receipt = makeReceipt(endedOf(planOf(), "completed"));
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("signReceipt", () => {
  it("makes a compact JWS that opens with the published keys alone", async () => {
    const jws = await signReceipt(receipt, JSON.stringify(first));
    const keys = await publicKeys(JSON.stringify(first));
    expect(await openReceipt(jws, keys)).toEqual({ kind: "valid", receipt, kid: keys.keys[0]!.kid });
    expect(readSigned(jws)).toEqual(receipt);
  });

  it("names its key by its RFC 7638 thumbprint", async () => {
    // The key and the thumbprint of RFC 8037, appendix A.
    const secret = JSON.stringify({
      kty: "OKP",
      crv: "Ed25519",
      d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
      x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    const kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    expect((await publicKeys(secret)).keys[0]).toMatchObject({ kid, alg: "EdDSA", use: "sig" });
    const header = (await signReceipt(receipt, secret)).split(".")[0]!;
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({
      alg: "EdDSA",
      kid,
      typ: "vpg-receipt+json",
    });
  });

  it("signs with the first of several keys and opens what an older one has signed", async () => {
    const old = await signReceipt(receipt, JSON.stringify(first));
    const { d: _retired, ...publicHalf } = first;
    for (const secret of [
      [second, first],
      [second, publicHalf],
    ].map((keys) => JSON.stringify(keys))) {
      const keys = await publicKeys(secret);
      expect(keys.keys).toHaveLength(2);
      expect(await openReceipt(old, keys)).toMatchObject({ kind: "valid", kid: keys.keys[1]!.kid });
      const fresh = await signReceipt(receipt, secret);
      expect(await openReceipt(fresh, keys)).toMatchObject({ kind: "valid", kid: keys.keys[0]!.kid });
    }
  });

  it("publishes no private half", async () => {
    const published = JSON.stringify(await publicKeys(JSON.stringify([first, second])));
    expect(published).not.toContain(first.d);
    expect(published).not.toContain(second.d);
    expect(published).not.toContain('"d"');
  });

  it.each([
    "",
    "no JSON",
    "[]",
    JSON.stringify({ ...first, d: undefined }),
    JSON.stringify({ ...first, crv: "X25519" }),
  ])("refuses a secret that is no key, without quoting it: %s", async (secret) => {
    const message = "RECEIPT_KEY is neither a private Ed25519 JWK nor an array that begins with one";
    await expect(publicKeys(secret)).rejects.toThrow(new Error(message));
  });
});

describe("openReceipt", () => {
  const signWith = async (payload: unknown, typ: string) =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
      .setProtectedHeader({ alg: "EdDSA", kid: (await keysOf()).keys[0]!.kid, typ })
      .sign(await importJWK(first, "EdDSA"));
  const keysOf = () => publicKeys(JSON.stringify(first));

  it("refuses a receipt of which anything was changed", async () => {
    const jws = await signReceipt(receipt, JSON.stringify(first));
    const [header, , signature] = jws.split(".");
    const cheaper = { ...receipt, charge: { ...receipt.charge, charged: 1 } };
    const forged = [header, base64(cheaper), signature].join(".");
    expect(await openReceipt(forged, await keysOf())).toEqual({ kind: "bad_signature" });
  });

  it("refuses another's key, also under our name for it", async () => {
    const jws = await signReceipt(receipt, JSON.stringify(second));
    expect(await openReceipt(jws, await keysOf())).toMatchObject({ kind: "unknown_key" });
    const [, payload, signature] = jws.split(".");
    const header = { alg: "EdDSA", kid: (await keysOf()).keys[0]!.kid, typ: "vpg-receipt+json" };
    const renamed = [base64(header), payload, signature].join(".");
    expect(await openReceipt(renamed, await keysOf())).toEqual({ kind: "bad_signature" });
  });

  it("refuses `alg: none`, what is no JWS, and what is signed but is no receipt", async () => {
    const unsigned = `${base64({ alg: "none", typ: "vpg-receipt+json" })}.${base64(receipt)}.`;
    for (const jws of ["", "a.b.c", unsigned, "not a receipt"]) {
      expect(await openReceipt(jws, await keysOf())).toMatchObject({ kind: "malformed" });
    }
    expect(await openReceipt(await signWith(receipt, "JWT"), await keysOf())).toMatchObject({
      kind: "malformed",
      why: expect.stringContaining("JWT"),
    });
    const extended = { ...receipt, discount: 5 };
    expect(await openReceipt(await signWith(extended, "vpg-receipt+json"), await keysOf())).toMatchObject({
      kind: "malformed",
      why: expect.stringContaining("discount"),
    });
  });
});
