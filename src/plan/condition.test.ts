import { describe, expect, it } from "vitest";
import { findClass } from "./condition.ts";

const classes = ["smiley", "fish", "mushroom"];

describe("findClass", () => {
  it.each(["mushroom", "Mushroom", "  a MUSHROOM ", "the mushroom", "class:2", "Class: 2"])(
    "reads %j as the mushroom",
    (prompt) => {
      expect(findClass(prompt, classes)).toEqual({ kind: "class", index: 2, label: "mushroom" });
    },
  );

  it.each(["dragon", "class:3", "class:-1", "class:", "a a fish", "mush room"])(
    "refuses %j and lists the classes",
    (prompt) => {
      expect(() => findClass(prompt, classes)).toThrow(
        /^prompt: .*smiley, fish, mushroom.*class:0 to class:2/,
      );
    },
  );
});
