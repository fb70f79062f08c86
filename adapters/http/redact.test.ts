/** Secrets leave a text in every form in which they could have come into it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { longestOf, redactor } from "./redact.ts";

test("no secret stays, wherever and however often it stands", () => {
  const secret = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !"***".includes(text));
  fc.assert(
    fc.property(
      fc.array(secret, { minLength: 1, maxLength: 3 }),
      fc.array(fc.string()),
      (secrets, between) => {
        const text = between.flatMap((part, i) => [part, secrets[i % secrets.length]!]).join(" | ");
        const clean = redactor(secrets)(text);
        for (const one of secrets) expect(clean).not.toContain(one);
      },
    ),
  );
});

test("escaped forms go as well", () => {
  const secret = 'a/b "c"\n';
  const redact = redactor([secret]);
  expect(redact(JSON.stringify({ secret }))).toBe('{"secret":"***"}');
  expect(redact(`?key=${encodeURIComponent(secret)}`)).toBe("?key=***");
});

test("forms in which JSON is ASCII go as well, in either case of hex", () => {
  const secret = 'ein "Bär"\\\n🦊\u007f';
  const redact = redactor([secret]);
  expect(redact(String.raw`{"error": "no: ein \"B\u00e4r\"\\\n\ud83e\udd8a\u007f"}`)).toBe(
    '{"error": "no: ***"}',
  );
  expect(redact(String.raw`{"error": "no: ein \"B\u00E4r\"\\\n\uD83E\uDD8A\u007F"}`)).toBe(
    '{"error": "no: ***"}',
  );
});

test("the longest secret is as long as its longest form", () => {
  expect(longestOf(["ü", "abc"])).toBe(String.raw`\u00fc`.length);
  expect(longestOf([])).toBe(0);
});

test("a longer secret that begins with a shorter one goes whole", () => {
  expect(redactor(["ab", "abcd"])("abcd ab")).toBe("*** ***");
});

test("without secrets, or with empty ones, a text stays as it is", () => {
  expect(redactor([""])("a text")).toBe("a text");
});
