/** The kernel's exports: open a state, fill its window, sample what is in it, close. Pointers are index.ts's business. */
import { drawBits } from "./bits";
import { drawToken } from "./draw";
import { mix } from "./guide";
import { mixed, reserve } from "./scratch";
import { allocate, release, State } from "./state";

/** A state for one step; settings are checked and rounded by the host. */
export function open(
  bitwise: bool,
  length: u32,
  width: u32,
  branches: u32,
  windowBytes: u32,
  lambda: f32,
  temperature: f32,
  topK: u32,
  topP: f64,
  seedLow: u32,
  seedHigh: u32,
  step: u32,
): usize {
  reserve(width);
  const state = allocate(length, bitwise ? (width + 7) >> 3 : 2, windowBytes);
  state.bitwise = bitwise;
  state.greedy = temperature == 0 || (bitwise && topK == 1);
  state.width = width;
  state.partner = branches == 2 ? width << 1 : 0;
  state.pairBytes = branches * (width << 1);
  state.lambda = lambda;
  state.temperature = temperature;
  state.topK = topK;
  state.topP = topP;
  state.mass = 0;
  state.seedLow = seedLow;
  state.seedHigh = seedHigh;
  state.step = step;
  return changetype<usize>(state);
}

/** Where the host puts bytes for `sample`. */
export function windowOf(address: usize): usize {
  return changetype<State>(address).window;
}

/** Where the tokens drawn so far lie. */
export function tokensOf(address: usize): usize {
  return changetype<State>(address).tokens;
}

/** How many tokens are drawn: also the position of the row that `sample` refused. */
export function positionOf(address: usize): u32 {
  return changetype<State>(address).position;
}

/** Draws a token from each of the first `rows` pairs in the window; Reason.NONE, or why one was refused. */
export function sample(address: usize, rows: u32): i32 {
  const state = changetype<State>(address);
  let row = state.window;
  for (let i: u32 = 0; i < rows; i++) {
    const reason = mix(state, row);
    if (reason) return reason;
    const out = state.tokens + <usize>state.position * state.tokenBytes;
    if (state.bitwise) drawBits(state, out);
    else store<u16>(out, <u16>drawToken(state));
    state.position++;
    row += state.pairBytes;
  }
  return 0;
}

/**
 * Chooses the next token among `count` candidates, whose rows lie in the window one behind the other; the tokens that top-k kept
 * weigh `mass`. The token's place among them, or minus the Reason why the rows were refused.
 */
export function choose(address: usize, count: u32, mass: f64): i32 {
  const state = changetype<State>(address);
  state.width = count;
  if (state.partner) state.partner = count << 1;
  state.mass = mass;
  const reason = mix(state, state.window);
  if (reason) return -reason;
  const place = drawToken(state);
  state.position++;
  return place;
}

/** Gives the block back; the address is dead. */
export function close(address: usize): void {
  release(changetype<State>(address));
}

/** Where the mixed row of the last token lies, f32[width]: for golden vectors. */
export function mixedRow(): usize {
  return mixed;
}

/** e^x as the kernel makes it, -700 <= x <= 700: for golden vectors. */
export { exponentialOne } from "./exponential";
