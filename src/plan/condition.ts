/** Reads a prompt as the model takes it: a class by name or number, or a text as it is. */
import type { Model } from "../catalogue/index.ts";
import { Refusal } from "../refusal.ts";

export interface ClassCondition {
  readonly kind: "class";
  readonly index: number;
  readonly label: string;
}

/** The caller's texts unchanged; the endpoint adds the family's decorations. */
export interface TextCondition {
  readonly kind: "text";
  readonly prompt: string;
  /** Empty: the row that was trained for "no text". */
  readonly negativePrompt: string;
}

/** @throws Refusal naming `prompt` or `negative_prompt` when the model cannot show that. */
export function readCondition(
  prompt: string,
  negativePrompt: string,
  condition: Model["condition"],
): ClassCondition | TextCondition {
  if (condition.kind === "text") return readTexts(prompt, negativePrompt, condition.limits.characters);
  if (negativePrompt === "") return findClass(prompt, condition.classes);
  throw new Refusal("unsupported_value", "negative_prompt: this model draws classes and reads no text.", {
    param: "negative_prompt",
  });
}

/** A class by its name, case and article forgiven, or by its number, `class:3`. */
function findClass(prompt: string, classes: readonly string[]): ClassCondition {
  const asked = prompt.normalize("NFKC").trim().replace(/\s+/g, " ").toLowerCase();
  const byNumber = /^class:\s?(\d{1,6})$/.exec(asked);
  const index = byNumber
    ? Number(byNumber[1])
    : classes.findIndex((name) => name === asked || name === asked.replace(/^(a|an|the) /, ""));
  const label = classes[index];
  if (label !== undefined) return { kind: "class", index, label };
  throw new Refusal(
    "invalid_value",
    `prompt: this model draws one of its classes: ${classes.join(", ")} (or class:0 to class:${classes.length - 1}).`,
    { param: "prompt" },
  );
}

/** @param most code points of either text */
function readTexts(prompt: string, negativePrompt: string, most: number): TextCondition {
  if (prompt.trim() === "") {
    throw new Refusal("invalid_value", "prompt: it is empty, and this model draws what a text says.", {
      param: "prompt",
    });
  }
  atMostCharacters("prompt", prompt, most);
  atMostCharacters("negative_prompt", negativePrompt, most);
  return { kind: "text", prompt, negativePrompt };
}

function atMostCharacters(param: string, text: string, most: number): void {
  const length = [...text].length;
  if (length <= most) return;
  throw new Refusal(
    "invalid_value",
    `${param}: this model reads at most ${most} characters, not ${length}.`,
    {
      param,
    },
  );
}
