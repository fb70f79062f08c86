/** One sampler's block in linear memory: its settings, how far it has come, its window of rows and its tokens. */

/** Reasons why a row is refused; index.ts says them in words. */
export namespace Reason {
  // @ts-ignore: decorator
  @inline export const NONE: i32 = 0;
  // @ts-ignore: decorator
  @inline export const NAN: i32 = 1;
  // @ts-ignore: decorator
  @inline export const INFINITE: i32 = 2;
  // @ts-ignore: decorator
  @inline export const HALF_MASKED: i32 = 3;
  // @ts-ignore: decorator
  @inline export const MASKED_BIT: i32 = 4;
  // @ts-ignore: decorator
  @inline export const EMPTY: i32 = 5;
  // @ts-ignore: decorator
  @inline export const MASKED_CANDIDATE: i32 = 6;
}

/** Set once by `open`, but for `position`, which counts the tokens drawn, and what `choose` sets for each row of candidates. */
@unmanaged
export class State {
  bitwise: bool;
  /** Temperature 0 (or, bitwise, top_k 1): the likeliest, no draw. */
  greedy: bool;
  /** V, or bits; how many candidates there are. */
  width: u32;
  /** Bytes from a token's first row to its second; 0 where there is one row, which then stands for both (d = 0, l = g). */
  partner: u32;
  /** Bytes a token: all its rows. */
  pairBytes: u32;
  /** Bytes a drawn token takes in the wire's form. */
  tokenBytes: u32;
  lambda: f32;
  temperature: f32;
  /** 0: off. */
  topK: u32;
  /** 1: off. */
  topP: f64;
  /** What all tokens that top-k kept weigh, of which a row of candidates holds a part; 0: the row holds all. */
  mass: f64;
  seedLow: u32;
  seedHigh: u32;
  step: u32;
  /** Tokens drawn so far, which is the position of the next one. */
  position: u32;
  /** Where the host puts rows. */
  window: usize;
  /** Where the tokens lie. */
  tokens: usize;
}

const ALIGNMENT: usize = 16;

// @ts-ignore: decorator
@inline
function aligned(size: usize): usize {
  return (size + (ALIGNMENT - 1)) & ~(ALIGNMENT - 1);
}

/** A block for `length` tokens with a window of `windowBytes` (whole tokens). SIMD may read 16 bytes past the window. */
export function allocate(length: u32, tokenBytes: u32, windowBytes: u32): State {
  const head = aligned(offsetof<State>());
  const window = aligned(<usize>windowBytes + ALIGNMENT);
  const address = heap.alloc(head + window + <usize>length * tokenBytes);
  const state = changetype<State>(address);
  state.window = address + head;
  state.tokens = address + head + window;
  state.tokenBytes = tokenBytes;
  state.position = 0;
  return state;
}

export function release(state: State): void {
  heap.free(changetype<usize>(state));
}
