/** The edge kernel's host: hands bytes in, takes tokens out, and is the one file that knows pointers. */
import { type Candidates, checkCandidates, gather, widest } from "./candidates.ts";
import { type Malformation, MalformedRow } from "./malformed.ts";
import { check, pairBytes, type StepSettings, tokenBytes } from "./settings.ts";

export type { Candidates } from "./candidates.ts";
export { corruptionIndex } from "./corruption.ts";
export { type Malformation, MalformedRow } from "./malformed.ts";
export { philox, STREAM, uniform, type Words } from "./philox.ts";
export { corruptionSeed, drawSeed, pictureSeed } from "./seeds.ts";
export type { StepSettings } from "./settings.ts";

/** One step of one picture: its logits in as they arrive, its tokens out. */
export interface StepSampler {
  /**
   * Takes the next bytes of FP16 [L_k, branches, width], or [candidates of all tokens, branches], cut anywhere, and draws
   * every token whose rows are complete.
   *
   * @throws MalformedRow for a row the contract does not allow; the sampler is dead then, its memory given back
   * @throws RangeError for more bytes than the step has
   */
  push(bytes: Uint8Array): void;
  /** Bytes still expected. */
  readonly remaining: number;
  /**
   * The step's tokens in the wire's form: UINT16 little endian a codebook token; ceil(bits / 8) bytes a bitwise one, bit
   * b in bit b mod 8, counted from the lowest, of byte floor(b / 8).
   *
   * @throws RangeError while bytes are missing
   */
  finish(): Uint8Array<ArrayBuffer>;
  /** Gives the memory back; harmless when repeated. */
  dispose(): void;
}

export interface Kernel {
  /**
   * Begins a step; many may be under way at once. Each must be disposed of.
   *
   * @param candidates given where only the logits of these come: an endpoint has left out what cannot be drawn
   * @throws RangeError naming the setting that is out of range, or that the candidates do not fit
   * @example
   * const sampler = kernel.begin(settings);
   * try {
   *   for await (const bytes of answer.logits) sampler.push(bytes);
   *   return sampler.finish();
   * } finally {
   *   sampler.dispose();
   * }
   */
  begin(settings: StepSettings, candidates?: Candidates): StepSampler;
}

/** The kernel's exports (assembly/kernel.ts). */
interface Exports {
  readonly memory: WebAssembly.Memory;
  open(
    bitwise: boolean,
    length: number,
    width: number,
    branches: number,
    windowBytes: number,
    lambda: number,
    temperature: number,
    topK: number,
    topP: number,
    seedLow: number,
    seedHigh: number,
    step: number,
  ): number;
  windowOf(state: number): number;
  tokensOf(state: number): number;
  positionOf(state: number): number;
  sample(state: number, rows: number): number;
  choose(state: number, count: number, mass: number): number;
  close(state: number): void;
}

/** By the number the kernel answers with. */
const MALFORMATIONS: readonly Malformation[] = [
  "nan",
  "infinite",
  "half-masked",
  "masked-bit",
  "empty",
  "masked-candidate",
];

/** Bytes handed over at once: what fits the first cache beside the row being worked on. */
const WINDOW = 16384;

/**
 * Instantiates the kernel.
 *
 * @param module kernels/edge/build/kernel.wasm, compiled: imported as it is by a Worker, `new WebAssembly.Module` in Node
 */
export function loadKernel(module: WebAssembly.Module): Kernel {
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
  let view = new Uint8Array(exports.memory.buffer);
  // Growing the memory detaches views of it.
  const memory = () => {
    if (view.buffer !== exports.memory.buffer) view = new Uint8Array(exports.memory.buffer);
    return view;
  };
  return {
    begin: (settings, candidates) =>
      candidates === undefined
        ? begin(exports, memory, settings)
        : beginCandidates(exports, memory, settings, candidates),
  };
}

/** A state in the kernel, until it is closed or has met a malformed row. */
interface Block {
  /** Where its window begins. */
  readonly window: number;
  /** @throws Error once it is closed */
  alive(): number;
  /** @throws MalformedRow for a reason that is not 0; the block is closed then */
  accept(reason: number): void;
  close(): void;
}

function open(kernel: Exports, settings: StepSettings, windowBytes: number): Block {
  let state = kernel.open(
    settings.tokens === "bitwise",
    settings.length,
    settings.width,
    settings.branches,
    windowBytes,
    settings.lambda,
    settings.temperature,
    settings.topK >= settings.width && settings.tokens === "codebook" ? 0 : Math.min(settings.topK, 65536),
    settings.topP,
    settings.seed >>> 0,
    Math.floor(settings.seed / 2 ** 32),
    settings.step,
  );
  const close = () => {
    if (state !== 0) kernel.close(state);
    state = 0;
  };
  return {
    window: kernel.windowOf(state),
    alive() {
      if (state === 0) throw new Error("the sampler is disposed of, or met a malformed row");
      return state;
    },
    accept(reason) {
      if (reason === 0) return;
      const position = kernel.positionOf(state);
      close();
      throw new MalformedRow(MALFORMATIONS[reason - 1]!, position);
    },
    close,
  };
}

function begin(kernel: Exports, memory: () => Uint8Array<ArrayBuffer>, settings: StepSettings): StepSampler {
  check(settings);
  const pair = pairBytes(settings);
  const tokenCount = settings.length;
  const windowBytes = pair * Math.min(tokenCount, Math.max(1, Math.floor(WINDOW / pair)));
  let remaining = pair * tokenCount;
  let filled = 0;
  const block = open(kernel, settings, windowBytes);
  const { window } = block;

  return {
    get remaining() {
      return remaining;
    },
    push(bytes) {
      const state = block.alive();
      if (bytes.length > remaining) {
        throw new RangeError(`${bytes.length} bytes of logits where ${remaining} were missing`);
      }
      for (let at = 0; at < bytes.length; ) {
        const piece = bytes.subarray(at, at + windowBytes - filled);
        memory().set(piece, window + filled);
        at += piece.length;
        filled += piece.length;
        remaining -= piece.length;
        const rows = Math.floor(filled / pair);
        if (rows === 0) continue;
        block.accept(kernel.sample(state, rows));
        memory().copyWithin(window, window + rows * pair, window + filled);
        filled -= rows * pair;
      }
    },
    finish() {
      const state = block.alive();
      if (remaining > 0) throw new RangeError(`${remaining} bytes of logits are missing`);
      const start = kernel.tokensOf(state);
      return memory().slice(start, start + tokenCount * tokenBytes(settings));
    },
    dispose: () => block.close(),
  };
}

function beginCandidates(
  kernel: Exports,
  memory: () => Uint8Array<ArrayBuffer>,
  settings: StepSettings,
  candidates: Candidates,
): StepSampler {
  check(settings);
  checkCandidates(settings, candidates);
  const block = open(kernel, settings, pairBytes({ ...settings, width: widest(candidates) }));
  return gather(settings, candidates, {
    alive: () => void block.alive(),
    choose(rows, count, mass) {
      const state = block.alive();
      memory().set(rows, block.window);
      const place = kernel.choose(state, count, mass);
      block.accept(Math.max(0, -place));
      return place;
    },
    close: () => block.close(),
  });
}
