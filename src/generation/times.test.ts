import { expect, it } from "vitest";
import { hasteOf } from "./times.ts";

it("waits as long as it says wherever it is deployed, and in a test as much less as that asks", () => {
  expect(hasteOf(false, "60")).toBe(1);
  expect(hasteOf(true, "60")).toBe(60);
  for (const asked of [undefined, "", "0", "-5", "soon"]) expect(hasteOf(true, asked)).toBe(1);
});
