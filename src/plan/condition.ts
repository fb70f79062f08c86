/** Reads a class model's prompt: a class by name, case and article forgiven, or `class:3`. */
import { Refusal } from "../refusal.ts";

export interface ClassCondition {
  readonly kind: "class";
  readonly index: number;
  readonly label: string;
}

/** @throws Refusal naming `prompt` and listing the classes when there is no such class. */
export function findClass(prompt: string, classes: readonly string[]): ClassCondition {
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
