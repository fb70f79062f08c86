import { describe, expect, it } from "vitest";
import { compiledKernel } from "./compiled.ts";
import { kernel, makeLogits, plain, run } from "./rows.ts";

/** The kernel's own exports (assembly/kernel.ts), for what the host does not show. */
interface Raw {
  readonly memory: WebAssembly.Memory;
  open(...settings: number[]): number;
  close(state: number): void;
}

describe("a sampler", () => {
  it("says how many bytes it still expects", () => {
    const sampler = kernel.begin({ ...plain, length: 2 });
    expect(sampler.remaining).toBe(16);
    sampler.push(new Uint8Array(5));
    expect(sampler.remaining).toBe(11);
    sampler.dispose();
  });
  it("refuses more bytes than the step has, and stays as it was", () => {
    const sampler = kernel.begin(plain);
    expect(() => sampler.push(new Uint8Array(9))).toThrow(RangeError);
    sampler.push(new Uint8Array(8));
    expect(sampler.finish()).toHaveLength(2);
    sampler.dispose();
  });
  it("does not finish early", () => {
    const sampler = kernel.begin(plain);
    sampler.push(new Uint8Array(7));
    expect(() => sampler.finish()).toThrow("1 bytes of logits are missing");
    sampler.dispose();
  });
  it("is of no use once disposed of, which may be repeated", () => {
    const sampler = kernel.begin(plain);
    sampler.dispose();
    sampler.dispose();
    expect(() => sampler.push(new Uint8Array(1))).toThrow("disposed");
  });
  it("draws the same beside others of other widths, begun and fed in turns", () => {
    const widths = [4096, 3, 1000, 65536, 17];
    const steps = widths.map((width, i) => ({ ...plain, width, length: 3, seed: i, topK: 50, topP: 0.9 }));
    const logits = steps.map((step, i) => makeLogits(step, "logits", i));
    const samplers = steps.map((step) => kernel.begin(step));
    for (let part = 0; part < 7; part++) {
      samplers.forEach((sampler, i) => {
        const size = Math.ceil(logits[i]!.length / 7);
        sampler.push(logits[i]!.subarray(part * size, (part + 1) * size));
      });
    }
    const together = samplers.map((sampler) => sampler.finish());
    for (const sampler of samplers) sampler.dispose();
    expect(together).toEqual(steps.map((step, i) => run(step, logits[i]!)));
  });
  it("asks nothing of its host", () => {
    expect(WebAssembly.Module.imports(compiledKernel())).toEqual([]);
  });
  it("gives its memory back: ten thousand in turn need no more than one", () => {
    const { open, close, memory } = new WebAssembly.Instance(compiledKernel()).exports as unknown as Raw;
    const begin = () => open(0, 256, 4096, 2, 16384, 1, 1, 0, 1, 7, 0, 0);
    close(begin());
    const before = memory.buffer.byteLength;
    for (let i = 0; i < 10000; i++) close(begin());
    expect(memory.buffer.byteLength).toBe(before);
  });
  it("needs less than 5 MB for the widest row there is", () => {
    const { open, memory } = new WebAssembly.Instance(compiledKernel()).exports as unknown as Raw;
    open(0, 4096, 65536, 2, 262144, 1, 1, 0, 1, 7, 0, 0);
    expect(memory.buffer.byteLength).toBeLessThan(5 * 2 ** 20);
  });
  it.each([
    ["length", 0],
    ["length", 1.5],
    ["length", 2 ** 20 + 1],
    ["width", 0],
    ["width", 65537],
    ["branches", 3],
    ["lambda", Number.NaN],
    ["lambda", 1e39],
    ["temperature", -1],
    ["temperature", Infinity],
    ["topK", -1],
    ["topK", 0.5],
    ["topP", 1.1],
    ["topP", Number.NaN],
    ["seed", -1],
    ["seed", 2 ** 53],
    ["step", -1],
  ])("is not begun with %s = %d", (name, value) => {
    expect(() => kernel.begin({ ...plain, [name]: value })).toThrow(new RegExp(`^${name} must be`));
  });
  it("is not begun with more tokens than there is room for", () => {
    expect(() => kernel.begin({ ...plain, tokens: "bitwise", width: 65536, length: 2 ** 20 })).toThrow(
      /^length must be/,
    );
  });
});
