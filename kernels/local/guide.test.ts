/** Guidance is float32 arithmetic in a fixed order; what leaves is FP16, interleaved, its largest at 0. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { guide, interleave } from "./guide.ts";

const logits = (length: number) =>
  fc.float32Array({ minLength: length, maxLength: length, noNaN: true, min: -1000, max: 1000 });

it("is (1 + t) cond - t uncond, one rounding an operation, then the row's maximum taken off", () => {
  fc.assert(
    fc.property(logits(8), logits(8), fc.float({ min: 0, max: 20, noNaN: true }), (cond, uncond, t) => {
      const r = Math.fround;
      const mixed = Array.from(cond, (value, i) => r(r(r(1 + t) * value) - r(t * uncond[i]!)));
      const rows = [mixed.slice(0, 4), mixed.slice(4)];
      const wanted = rows.flatMap((row) => row.map((value) => r(value - Math.max(...row))));
      expect([...guide(cond, uncond, t, 4)]).toEqual(wanted);
    }),
  );
});

it("leaves the conditional row as it is where there is no guidance, but for the shift", () => {
  expect([...guide(Float32Array.of(1, 3, 2), null, 0, 3)]).toEqual([-2, 0, -1]);
  expect([...guide(Float32Array.of(1, 3, 2), Float32Array.of(9, 9, 9), 0, 3)]).toEqual([-2, 0, -1]);
});

it("fails on a logit that is not finite", () => {
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(() => guide(Float32Array.of(0, wrong), null, 0, 2)).toThrow("not finite");
  }
});

it("puts the two rows of a token side by side, rounded to nearest even and clamped", () => {
  const bytes = interleave([Float32Array.of(0, -1, -2, 0), Float32Array.of(0, -2049, -1e9, 0)], 2);
  const halves = [...new Uint16Array(bytes.buffer)];
  // -2049 lies between two halves and goes to -2048; -1e9 becomes -65504.
  expect(halves).toEqual([0, 0xbc00, 0, 0xe800, 0xc000, 0, 0xfbff, 0]);
});
