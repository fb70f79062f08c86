import { expect, it } from "vitest";
import { nothingKnown, readKnown, writtenKnown } from "./kept.ts";

const known = {
  state: { endpoints: {}, providers: { lab: { drain: { drained: true, at: 5 } } } },
  counted: { "lab/m": { asked: 3 } },
};

it("reads what was written down", () => {
  expect(readKnown(writtenKnown(known))).toEqual(known);
});

it.each([
  "",
  "{",
  "null",
  "[]",
  JSON.stringify(known),
  JSON.stringify({ version: 1, ...known }),
  JSON.stringify({ version: 2, state: { endpoints: [], providers: {} }, counted: {} }),
  JSON.stringify({ version: 2, state: known.state }),
])("knows nothing by %s, which is no such text", (text) => {
  expect(readKnown(text)).toEqual(nothingKnown);
});
