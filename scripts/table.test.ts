import { expect, it } from "vitest";
import { tableOf } from "./table.ts";

it("aligns columns under their heads and shows what is absent as a dash", () => {
  const rows = [
    { id: "key_1", name: "a longer name", expires: null },
    { id: "key_22", name: "b", expires: 5 },
  ];
  expect(tableOf(rows)).toBe(
    ["id      name           expires", "key_1   a longer name  -", "key_22  b              5"].join("\n"),
  );
});

it("says so when there is nothing", () => {
  expect(tableOf([])).toBe("(none)");
});
