import { describe, expect, it } from "vitest";
import { readCondition } from "./condition.ts";

describe("a class model's prompt", () => {
  const condition = { kind: "class" as const, classes: ["smiley", "fish", "mushroom"] };

  it.each(["mushroom", "Mushroom", "  a MUSHROOM ", "the mushroom", "class:2", "Class: 2"])(
    "%j is the mushroom",
    (prompt) => {
      expect(readCondition(prompt, "", condition)).toEqual({
        kind: "class",
        index: 2,
        label: "mushroom",
      });
    },
  );

  it.each(["dragon", "class:3", "class:-1", "class:", "a a fish", "mush room"])(
    "%j is refused with a list of the classes",
    (prompt) => {
      expect(() => readCondition(prompt, "", condition)).toThrow(
        /^prompt: .*smiley, fish, mushroom.*class:0 to class:2/,
      );
    },
  );

  it("has no negative beside it", () => {
    expect(() => readCondition("fish", "no hat", condition)).toThrow(/^negative_prompt: /);
  });
});

describe("a text model's prompt", () => {
  const condition = { kind: "text" as const, limits: { characters: 8 } };

  it("goes on as it is, and so does the negative beside it", () => {
    const texts = { prompt: " Ein Å\n ", negativePrompt: "fog " };
    expect(readCondition(texts.prompt, texts.negativePrompt, condition)).toEqual({ kind: "text", ...texts });
  });

  it.each(["", " \n\t "])("is refused when it is %j", (prompt) => {
    expect(() => readCondition(prompt, "", condition)).toThrow(/^prompt: it is empty/);
  });

  it("is refused beyond the model's limit, counted in code points, and so is the negative", () => {
    expect(readCondition("🦑".repeat(8), "🦑".repeat(8), condition).kind).toBe("text");
    expect(() => readCondition("🦑".repeat(9), "", condition)).toThrow(
      /^prompt: .* at most 8 characters, not 9/,
    );
    expect(() => readCondition("fish", "123456789", condition)).toThrow(
      /^negative_prompt: .* at most 8 characters, not 9/,
    );
  });
});
