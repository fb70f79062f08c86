import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { goldenFiles } from "./files.ts";

it.each([...goldenFiles()])("%s.json is what the reference makes today", (name, text) => {
  expect(readFileSync(new URL(`./${name}.json`, import.meta.url), "utf8")).toBe(text);
});
