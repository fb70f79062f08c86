/** The endpoint is an exact class: the bits of `logits` depend on the request alone. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Asked, askStep, models, someTokens } from "./asking.ts";
import { type Endpoint, startEndpoint } from "./server.ts";

const kinds = ["embedding", "position", "token", "codebook"] as const;

interface Settings {
  readonly seed: number;
  readonly kind?: (typeof kinds)[number];
  /** Strength of guidance at each step; 0: none. */
  readonly guidance?: (k: number) => number;
  readonly ratio?: number;
  readonly key?: string;
}

describe.each(models)("%s", (_, model) => {
  const { bounds } = model.schedule;
  const weights = [model.folder];
  const K = bounds.length - 1;
  /** The first step of several positions: what has one position cannot be corrupted by another. */
  const GRID = bounds.findIndex((before, k) => bounds[k + 1]! - before > 1);
  const L = bounds[GRID + 1]! - bounds[GRID]!;
  let warm: Endpoint;
  /** Keeps nothing: every step of every row is replayed. */
  let cold: Endpoint;
  /** Keeps the early steps only. */
  let forgetful: Endpoint;

  beforeAll(async () => {
    warm = await startEndpoint({ port: 0, weights, threads: 2 });
    cold = await startEndpoint({ port: 0, weights, threads: 1, cacheBytes: 0 });
    forgetful = await startEndpoint({ port: 0, weights, threads: 1, cacheBytes: 120_000 });
  }, 60_000);
  afterAll(() => Promise.all([warm, cold, forgetful].map((endpoint) => endpoint?.close())));

  function picture(k: number, settings: Settings): Asked {
    const { seed, kind = "embedding", guidance = (j) => (1.5 * j) / (K - 1), ratio = 0.5, key } = settings;
    return {
      step: k,
      tokens: someTokens(bounds[k]!, seed),
      class: seed % model.classes.length,
      guidance: Array.from({ length: k + 1 }, (_, j) => guidance(j)),
      corruption: { kind, seed: seed + 100, ratio },
      prefixKey: key ?? `picture ${seed}`,
    };
  }

  async function bitsOf(endpoint: Endpoint, asked: Asked): Promise<string> {
    return (await askStep(endpoint.url, [asked], model.id))[0]!.bits;
  }

  /** Walks a picture step by step, as the edge does, and gives the bits of its last step. */
  async function walk(settings: Settings, ratioAt: (k: number) => number): Promise<string> {
    let bits = "";
    for (let k = 0; k < K; k++) bits = await bitsOf(warm, picture(k, { ...settings, ratio: ratioAt(k) }));
    return bits;
  }

  describe("bits of logits", () => {
    it("do not depend on n, on the neighbours or on the place among them", async () => {
      const alone = await bitsOf(cold, picture(K - 1, { seed: 1 }));
      for (const n of [1, 2, 3, 4]) {
        for (const place of [0, n - 1]) {
          const together = Array.from({ length: n }, (_, i) =>
            picture(K - 1, { seed: i === place ? 1 : 20 + i, key: `n ${n} place ${place} picture ${i}` }),
          );
          expect((await askStep(warm.url, together, model.id))[place]!.bits).toBe(alone);
        }
      }
    });

    it("are those of a hit after a miss, for every kind of corruption", async () => {
      for (const kind of kinds) {
        const asked = picture(K - 1, { seed: 2, kind, key: `hit ${kind}` });
        const [miss] = await askStep(warm.url, [asked], model.id);
        const [hit] = await askStep(warm.url, [asked], model.id);
        expect(miss!.stats.cache).toBe("miss");
        expect(hit!.stats.cache).toBe("hit");
        expect(hit!.bits).toBe(miss!.bits);
        expect(await bitsOf(cold, asked)).toBe(miss!.bits);
      }
    });

    it("are the same at every step, whether walked, replayed or half remembered", async () => {
      for (let k = 0; k < K; k++) {
        const asked = picture(k, { seed: 3 });
        const walked = await bitsOf(warm, asked);
        expect(await bitsOf(cold, asked)).toBe(walked);
        expect(await bitsOf(forgetful, asked)).toBe(walked);
      }
    });

    it("do not depend on holes that steps without a corrupted branch left", async () => {
      const wanted = await bitsOf(cold, picture(K - 1, { seed: 4 }));
      const schedules: ((k: number) => number)[] = [
        () => 0.5,
        (k) => (k === K - 1 ? 0.5 : 0),
        (k) => (k % 2 === (K - 1) % 2 ? 0.5 : 0),
        (k) => (k === 1 || k === K - 1 ? 0.5 : 0),
      ];
      for (const [i, ratioAt] of schedules.entries()) {
        expect(await walk({ seed: 4, key: `holes ${i}` }, ratioAt)).toBe(wanted);
      }
    });

    it("do not depend on holes that steps without guidance left in the unconditional row", async () => {
      const late = (k: number) => (k === K - 1 ? 1.5 : 0);
      const wanted = await bitsOf(cold, picture(K - 1, { seed: 5, guidance: late }));
      expect(await walk({ seed: 5, guidance: late }, () => 0.5)).toBe(wanted);
      expect(await walk({ seed: 5, guidance: late, key: "both" }, (k) => (k === K - 1 ? 0.5 : 0))).toBe(
        wanted,
      );
    });

    it("of the generated row are the same with and without a corrupted one beside it", async () => {
      const [single] = await askStep(cold.url, [picture(GRID, { seed: 6, ratio: 0 })], model.id);
      const [pair] = await askStep(cold.url, [picture(GRID, { seed: 6 })], model.id);
      const width = pair!.shape[2]! * 4; // hex digits of a row
      const generated = pair!.bits.match(new RegExp(`.{${width}}`, "g"))!.filter((_, i) => i % 2 === 0);
      expect(generated.join("")).toBe(single!.bits);
      expect(pair!.bits).not.toBe(single!.bits + single!.bits);
    });

    it("depend on what the contract says they do", async () => {
      const base = { seed: 7, key: "same key" };
      const asked = picture(K - 1, base);
      const others: Record<string, Partial<Asked>> = {
        class: { class: 8 },
        tokens: { tokens: asked.tokens.with(0, (asked.tokens[0]! + 1) % model.vocabulary) },
        guidance: { guidance: asked.guidance.with(K - 1, 2) },
        seed: { corruption: { ...asked.corruption, seed: 9 } },
        ratio: { corruption: { ...asked.corruption, ratio: 0.9 } },
        kind: { corruption: { ...asked.corruption, kind: "token" } },
      };
      const wanted = await bitsOf(warm, asked);
      for (const [name, other] of Object.entries(others)) {
        expect((await bitsOf(warm, { ...asked, ...other })) === wanted, name).toBe(false);
      }
      expect(await bitsOf(warm, asked)).toBe(wanted);
    });
  });

  describe("shape of logits", () => {
    it("has one row a token where nothing is corrupted: ratio 0, or an empty prefix", async () => {
      expect((await askStep(warm.url, [picture(0, { seed: 8 })], model.id))[0]!.shape).toEqual([
        1,
        1,
        model.vocabulary,
      ]);
      expect((await askStep(warm.url, [picture(GRID, { seed: 8, ratio: 0 })], model.id))[0]!.shape).toEqual([
        L,
        1,
        model.vocabulary,
      ]);
      expect((await askStep(warm.url, [picture(GRID, { seed: 8 })], model.id))[0]!.shape).toEqual([
        L,
        2,
        model.vocabulary,
      ]);
    });

    it("holds finite FP16 whose largest in every row is 0", async () => {
      const [answered] = await askStep(warm.url, [picture(K - 1, { seed: 9 })], model.id);
      const { bits, shape } = answered!;
      const values = new Uint16Array(new Uint8Array(Buffer.from(bits, "hex")).buffer);
      const width = shape[2]!;
      for (let start = 0; start < values.length; start += width) {
        const row = values.subarray(start, start + width);
        expect(row.some((half) => half === 0)).toBe(true);
        expect(row.every((half) => half === 0 || (half >= 0x8000 && half < 0xfc00))).toBe(true);
      }
    });
  });
});
