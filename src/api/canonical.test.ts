import fc from "fast-check";
import { expect, it } from "vitest";
import { canonical } from "./canonical.ts";

const shuffled = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, shuffled(inner)]),
      )
    : value;

it("is one text for one value, whatever the order of its keys, and says all of it", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      expect(canonical(shuffled(value))).toBe(canonical(value));
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

it("tells different values apart", () => {
  expect(canonical({ a: 1, b: undefined })).toBe(canonical({ a: 1 }));
  expect(canonical({ a: 1 })).not.toBe(canonical({ a: "1" }));
  expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
});
