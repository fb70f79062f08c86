import { createPrivateKey, sign, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { unstable_getVarsForDev as varsOf } from "wrangler";
import { localSecret, localVariables } from "./local-variables.ts";

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "vpg-edge-"));
  folder = join(parent, ".local");
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const mode = (path: string) => statSync(path).mode & 0o777;

it("makes each secret once, in a folder and files that only their owner reads", () => {
  const path = localVariables(folder, { PROVIDERS: '{"providers":[]}' });
  const first = readFileSync(path, "utf8");
  expect(localVariables(folder, { PROVIDERS: '{"providers":[]}' })).toBe(path);
  expect(readFileSync(path, "utf8")).toBe(first);
  expect(mode(folder)).toBe(0o700);
  for (const file of ["variables.env", "id-secret", "key-pepper", "admin-secret", "receipt-key"]) {
    expect(mode(join(folder, file))).toBe(0o600);
  }
});

it("makes different secrets, and others in another folder", () => {
  const of = (where: string) =>
    (["ID_SECRET", "KEY_PEPPER", "ADMIN_SECRET"] as const).map((name) => localSecret(where, name));
  const all = [...of(folder), ...of(join(parent, "other"))];
  expect(new Set(all).size).toBe(6);
  for (const secret of all) expect(secret).toMatch(/^[0-9a-f]{64}$/);
});

it("signs receipts with an Ed25519 key in a JWK", () => {
  const key = createPrivateKey({ key: JSON.parse(localSecret(folder, "RECEIPT_KEY")), format: "jwk" });
  expect(key.asymmetricKeyType).toBe("ed25519");
  const text = Buffer.from("a receipt");
  expect(verify(null, text, key, sign(null, text, key))).toBe(true);
});

it("passes every value on as it is, or says which it cannot", () => {
  const text = fc.stringMatching(/^[ -~\n]{1,40}$/);
  const values = fc.oneof(
    text,
    fc.constantFrom("pa$word", "$" + "{HOME}", "a\\nb", "it's", '{"a":"b\\"c"}', "x`y"),
  );
  fc.assert(
    fc.property(values, (value) => {
      fc.pre(
        !["'", "`", '"'].every((mark) => value.includes(mark)) &&
          !(value.includes("'") && value.includes("`")),
      );
      const path = localVariables(folder, { OPERATORS: value });
      expect(varsOf(undefined, [path], {}, undefined, true).OPERATORS?.value).toBe(value);
    }),
    { numRuns: 60 },
  );
  expect(() => localVariables(folder, { OPERATORS: "'`\"" })).toThrow(/^OPERATORS: /);
});
