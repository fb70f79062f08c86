import { describe, expect, it } from "vitest";
import type { StepSettings } from "./index.ts";
import { mixRow, weigh } from "./reference.ts";
import { plain, run } from "./rows.ts";

const LENGTH = 20000;

/** The same pair of rows for every token of a step. */
function repeated(row: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH * row.length);
  for (let u = 0; u < LENGTH; u++) bytes.set(row, u * row.length);
  return bytes;
}

/** Pearson's statistic in standard deviations of the chi-square law, which is nearly normal for the sizes used here. */
function surprise(counts: readonly number[], shares: readonly number[]): number {
  const cells = shares.flatMap((share, i) =>
    share > 0 ? [{ expected: share * LENGTH, count: counts[i]! }] : [],
  );
  const statistic = cells.reduce((sum, { expected, count }) => sum + (count - expected) ** 2 / expected, 0);
  const freedom = cells.length - 1;
  return (statistic - freedom) / Math.sqrt(2 * freedom);
}

describe("the distribution", () => {
  const values = Float16Array.from({ length: 80 }, (_, i) =>
    i < 40 ? -((i * 7) % 40) / 12 : -((i * 11) % 40) / 13,
  );
  const row = new Uint8Array(values.buffer);
  const cases: [string, Partial<StepSettings>][] = [
    ["of the logits as they are", { lambda: 0 }],
    ["under guidance", { lambda: 1.5 }],
    ["under temperature", { lambda: 1.5, temperature: 1.7 }],
    ["under top-k", { lambda: 1.5, topK: 17 }],
    ["under top-p", { lambda: 1.5, topP: 0.8 }],
    ["under top-k and top-p", { lambda: 0.5, topK: 25, topP: 0.9 }],
  ];
  it.each(cases)("of codebook tokens %s is the softmax's", (_, over) => {
    for (const seed of [1, 2, 3]) {
      const settings: StepSettings = {
        ...plain,
        length: LENGTH,
        width: 40,
        branches: 2,
        seed,
        step: seed,
        ...over,
      };
      const tokens = run(settings, repeated(row));
      const counts = Array<number>(40).fill(0);
      for (let u = 0; u < LENGTH; u++) counts[tokens[2 * u]!]! += 1;
      const weights = weigh(settings, mixRow(settings, new DataView(row.buffer), 0));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const shares = Array.from(weights, (weight) => weight / total);
      shares.forEach((share, i) => {
        if (share === 0) expect(counts[i]).toBe(0);
      });
      expect(surprise(counts, shares)).toBeLessThan(4);
    }
  });

  it("of bits is each one's odds, and neighbours do not know of each other", () => {
    const odds = [-2, -0.5, 0, 0.25, 1, 3];
    const settings: StepSettings = { ...plain, tokens: "bitwise", length: LENGTH, width: odds.length };
    const tokens = run(settings, repeated(new Uint8Array(Float16Array.from(odds).buffer)));
    const shares = odds.map((z) => 1 / (1 + Math.exp(-z)));
    const deviations = (count: number, share: number) =>
      Math.abs(count - share * LENGTH) / Math.sqrt(LENGTH * share * (1 - share));
    shares.forEach((share, b) => {
      expect(deviations(tokens.filter((token) => (token >>> b) & 1).length, share)).toBeLessThan(4);
      const next = (b + 1) % odds.length;
      const both = tokens.filter((token) => (token >>> b) & 1 && (token >>> next) & 1).length;
      expect(deviations(both, share * shares[next]!)).toBeLessThan(4);
    });
  });
});
