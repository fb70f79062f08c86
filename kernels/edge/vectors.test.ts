import { describe, expect, it } from "vitest";
import bitwise from "../../test/vectors/bitwise.json" with { type: "json" };
import candidates from "../../test/vectors/candidates.json" with { type: "json" };
import codebook from "../../test/vectors/codebook.json" with { type: "json" };
import corruption from "../../test/vectors/corruption.json" with { type: "json" };
import exponentials from "../../test/vectors/exponential.json" with { type: "json" };
import malformed from "../../test/vectors/malformed.json" with { type: "json" };
import mixing from "../../test/vectors/mixing.json" with { type: "json" };
import blocks from "../../test/vectors/philox.json" with { type: "json" };
import seeds from "../../test/vectors/seeds.json" with { type: "json" };
import { compiledKernel } from "./compiled.ts";
import {
  corruptionIndex,
  corruptionSeed,
  MalformedRow,
  philox,
  pictureSeed,
  type StepSettings,
  type Words,
} from "./index.ts";
import { philoxBlock, uniform } from "./philox.ts";
import { plain, run, runCandidates } from "./rows.ts";

const bits = new DataView(new ArrayBuffer(8));

function float32(hex: string): number {
  bits.setUint32(0, Number.parseInt(hex, 16));
  return bits.getFloat32(0);
}

function float64(hex: string): number {
  bits.setBigUint64(0, BigInt(`0x${hex}`));
  return bits.getFloat64(0);
}

function words(hex: readonly string[]): Words {
  return hex.map((word) => Number.parseInt(word, 16)) as unknown as Words;
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

describe("golden vectors: the generator", () => {
  it.each(blocks.random123)("gives the published answer under key $key", (vector) => {
    const [low, high] = words(vector.key);
    expect(philoxBlock(low, high, words(vector.counter))).toEqual(words(vector.words));
  });
  it("gives the blocks and uniforms of every seed", () => {
    for (const vector of blocks.seeded) {
      const block = philox(vector.seed, words(vector.counter));
      expect(block).toEqual(words(vector.words));
      expect([uniform(block[0], block[1]), uniform(block[2], block[3])]).toEqual(vector.r.map(float64));
    }
    for (const vector of blocks.uniforms) {
      const [a, b] = words(vector.words);
      expect(uniform(a, b)).toBe(float64(vector.r));
    }
  });
  it("gives the seeds of pictures and corruptions", () => {
    for (const vector of seeds) {
      for (const { picture, seed } of vector.pictures) expect(pictureSeed(vector.seed, picture)).toBe(seed);
      expect(corruptionSeed(vector.seed)).toBe(vector.corruption);
    }
  });
  it("gives the index of every corruption", () => {
    for (const { seed, step, length, ratio, index } of corruption.index) {
      expect([...corruptionIndex(seed, step, length, ratio)]).toEqual(index);
    }
  });
});

describe("golden vectors: the kernel", () => {
  it("makes the exponential's bits", () => {
    const { exponentialOne } = new WebAssembly.Instance(compiledKernel()).exports as unknown as {
      exponentialOne(x: number): number;
    };
    for (const { x, y } of exponentials) expect(exponentialOne(float64(x))).toBe(float64(y));
  });

  it.each(mixing)(
    "mixes to the bit at lambda $lambda, temperature $temperature",
    ({ lambda, temperature, pairs }) => {
      const kernel = new WebAssembly.Instance(compiledKernel()).exports as unknown as {
        readonly memory: WebAssembly.Memory;
        open(...settings: number[]): number;
        windowOf(state: number): number;
        sample(state: number, rows: number): number;
        mixedRow(): number;
      };
      const width = pairs.length;
      const state = kernel.open(
        0,
        1,
        width,
        2,
        width * 4,
        float32(lambda),
        float32(temperature),
        0,
        1,
        0,
        0,
        0,
      );
      const row = new Uint16Array(kernel.memory.buffer, kernel.windowOf(state), width * 2);
      pairs.forEach(([g, c], i) => {
        row[i] = Number.parseInt(g!, 16);
        row[width + i] = Number.parseInt(c!, 16);
      });
      expect(kernel.sample(state, 1)).toBe(0);
      const mixed = new Float32Array(kernel.memory.buffer, kernel.mixedRow(), width);
      pairs.forEach(([g, c, z], i) => {
        // Where both rows are minus zero the sign of the sum is nobody's concern.
        if (mixed[i] !== float32(z!)) expect([g, c, mixed[i]]).toEqual([g, c, float32(z!)]);
      });
    },
  );

  const draws = [
    ...codebook.map((vector) => ["codebook", vector] as const),
    ...bitwise.map((vector) => ["bitwise", vector] as const),
  ];
  it.each(draws.map(([tokens, vector]) => ({ tokens, name: vector.name, vector })))(
    "draws $tokens: $name",
    ({ vector }) => {
      const { lambda, temperature } = vector.settings;
      const settings = {
        ...vector.settings,
        lambda: float32(lambda),
        temperature: float32(temperature),
      } as StepSettings;
      const logits = bytes(vector.logits);
      const drawn = bytes(vector.drawn);
      expect(run(settings, logits)).toEqual(drawn);
      for (const size of [1, 7, 64, 1001]) {
        const cuts = Array.from({ length: Math.ceil(logits.length / size) }, (_, i) => i * size);
        expect(run(settings, logits, cuts)).toEqual(drawn);
      }
    },
  );

  it.each(codebook)("draws the same from candidates: $name", ({ name, settings, drawn }) => {
    const left = candidates.find((vector) => vector.name === name)!;
    const numbers = {
      ...settings,
      lambda: float32(settings.lambda),
      temperature: float32(settings.temperature),
    } as StepSettings;
    const narrowed = {
      counts: Int32Array.from(left.counts),
      masses: Float32Array.from(left.masses, float32),
      tokens: Uint16Array.from(left.tokens),
      logits: bytes(left.logits),
    };
    expect(runCandidates(numbers, narrowed)).toEqual(bytes(drawn));
  });

  it.each(malformed)("refuses $name", ({ settings, logits, malformation, row }) => {
    const draw = () => run({ ...plain, ...settings } as StepSettings, bytes(logits));
    expect(draw).toThrow(new MalformedRow(malformation as MalformedRow["malformation"], row));
  });
});
