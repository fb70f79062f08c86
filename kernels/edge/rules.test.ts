import { describe, expect, it } from "vitest";
import type { StepSettings } from "./index.ts";
import { halves, plain, run } from "./rows.ts";

describe("the rules at their ends", () => {
  const many: StepSettings = { ...plain, length: 300, width: 6 };
  const row = [-1, 0, -2, 0, -3, -1];
  const draw = (over: Partial<StepSettings>, values = row) => {
    const bytes = halves(...Array.from({ length: 300 }, () => values).flat());
    const tokens = run({ ...many, width: values.length, ...over }, bytes);
    return [...new Set(tokens.filter((_, i) => i % 2 === 0))].sort((a, b) => a - b);
  };

  it("temperature 0 takes the largest, the lowest index on a tie", () => {
    expect(draw({ temperature: 0 })).toEqual([1]);
  });
  it("a temperature that float32 rounds to 0 is 0", () => {
    expect(draw({ temperature: 1e-60 })).toEqual([1]);
  });
  it("top_k 1 keeps every token that ties with the largest", () => {
    expect(draw({ topK: 1 })).toEqual([1, 3]);
  });
  it("top_k 3 keeps both tokens that tie for the third place", () => {
    expect(draw({ topK: 3 })).toEqual([0, 1, 3, 5]);
  });
  it.each([0, 6, 7, 2 ** 40])("top_k %d is off", (topK) => {
    expect(draw({ topK })).toEqual([0, 1, 2, 3, 4, 5]);
  });
  it("top_p 0 keeps the largest alone, the lower index on a tie", () => {
    expect(draw({ topP: 0 })).toEqual([1]);
  });
  it("top_p counts what precedes a token: of two equal halves a p beyond a half keeps both", () => {
    expect(draw({ topP: 0.5001 }, [0, 0])).toEqual([0, 1]);
    expect(draw({ topP: 0.4999 }, [0, 0])).toEqual([0]);
  });
  it("top_p is taken of what top_k keeps", () => {
    expect(draw({ topK: 2, topP: 0.4 })).toEqual([1]);
    expect(draw({ topK: 2, topP: 0.6 })).toEqual([1, 3]);
  });
  it("a codebook of one token draws it", () => {
    expect(draw({}, [-65504])).toEqual([0]);
  });
  it("masked tokens are never drawn", () => {
    expect(draw({ topK: 4 }, [-Infinity, 0, -Infinity, -0.1])).toEqual([1, 3]);
  });
  it("logits that leave float32's range stop at its end and tie there", () => {
    const settings: StepSettings = { ...plain, length: 300, width: 3, branches: 2, lambda: 3e38 };
    const pair = [0, -1, -2, -9, -9, 9];
    const tokens = run(settings, halves(...Array.from({ length: 300 }, () => pair).flat()));
    expect([...new Set(tokens.filter((_, i) => i % 2 === 0))].sort()).toEqual([0, 1]);
  });
  it("lambda means nothing where there is one row", () => {
    expect(draw({ lambda: 50 })).toEqual(draw({ lambda: 0 }));
  });
  it("bits at temperature 0 or top_k 1 are the signs", () => {
    const bits: StepSettings = { ...plain, tokens: "bitwise", width: 10 };
    const bytes = halves(1, -1, 0, 0.001, -0.001, 5, -5, 65504, -65504, 1);
    for (const over of [{ temperature: 0 }, { topK: 1 }]) {
      expect([...run({ ...bits, ...over }, bytes)]).toEqual([0b10101001, 0b10]);
    }
  });
  it("bits under top_p 0 are the likelier values, 0 on a tie", () => {
    expect([...run({ ...plain, tokens: "bitwise", width: 4, topP: 0 }, halves(0.1, -0.1, 0, 2))]).toEqual([
      0b1001,
    ]);
  });
});
