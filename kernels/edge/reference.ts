/** What the kernel must draw, said as plainly as possible: mixing as pinned, weights in float64. For tests and the benchmark. */
import { MalformedRow } from "./malformed.ts";
import { philox, STREAM, uniform } from "./philox.ts";
import { pairBytes, type StepSettings, tokenBytes } from "./settings.ts";

/** The step's tokens in the wire's form, from all its logits at once: FP16 little endian [L_k, branches, width]. */
export function sampleStep(settings: StepSettings, bytes: Uint8Array): Uint8Array {
  const halves = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = tokenBytes(settings);
  const out = new Uint8Array(settings.length * size);
  for (let u = 0; u < settings.length; u++) {
    const z = mixRow(settings, halves, u);
    const token = settings.tokens === "bitwise" ? drawBits(settings, z, u) : drawToken(settings, z, u);
    out.set(token, u * size);
  }
  return out;
}

/**
 * The mixed logits of the token at position u, float32 values; masked ones are minus infinity.
 *
 * @throws MalformedRow
 */
export function mixRow(settings: StepSettings, halves: DataView, u: number): Float32Array {
  const { width, branches } = settings;
  const start = u * pairBytes(settings);
  const z = new Float32Array(width);
  let empty = true;
  for (let i = 0; i < width; i++) {
    const g = decodeHalf(halves.getUint16(start + 2 * i, true));
    const c = branches === 2 ? decodeHalf(halves.getUint16(start + 2 * (width + i), true)) : g;
    refuse(settings, g, c, u);
    z[i] = g === -Infinity ? g : mix(g, c, settings);
    if (g !== -Infinity) empty = false;
  }
  if (empty) throw new MalformedRow("empty", u);
  return z;
}

function refuse(settings: StepSettings, g: number, c: number, u: number): void {
  if (Number.isNaN(g) || Number.isNaN(c)) throw new MalformedRow("nan", u);
  if (g === Infinity || c === Infinity) throw new MalformedRow("infinite", u);
  if (g !== -Infinity && c !== -Infinity) return;
  if (settings.tokens === "bitwise") throw new MalformedRow("masked-bit", u);
  if (g !== c) throw new MalformedRow("half-masked", u);
}

/** The value of an FP16 bit pattern. */
export function decodeHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const LARGEST = Math.fround(3.4028234663852886e38);

/** z of a finite pair: every operation rounded to float32; what leaves float32's range stops at its end. */
export function mix(g: number, c: number, settings: Pick<StepSettings, "lambda" | "temperature">): number {
  const d = Math.fround(g - c);
  const e = Math.fround(Math.fround(settings.lambda) * d);
  const l = Math.fround(g + e);
  const temperature = Math.fround(settings.temperature);
  const z = temperature === 0 ? l : Math.fround(l / temperature);
  return Math.max(-LARGEST, Math.min(LARGEST, z));
}

/** A codebook token, UINT16 little endian. */
function drawToken(settings: StepSettings, z: Float32Array, u: number): Uint8Array {
  const [x0, x1] = philox(settings.seed, [u, settings.step, STREAM.sampling, 0]);
  const token =
    Math.fround(settings.temperature) === 0 ? likeliest(z) : pick(weigh(settings, z), uniform(x0, x1));
  return Uint8Array.of(token & 255, token >>> 8);
}

function likeliest(z: Float32Array): number {
  let best = 0;
  for (let i = 1; i < z.length; i++) if (z[i]! > z[best]!) best = i;
  return best;
}

/** Weights of the tokens that top-k and top-p keep, in index order; 0 for the others. */
export function weigh({ topK, topP }: StepSettings, z: Float32Array): Float64Array {
  const largest = z.reduce((most, value) => Math.max(most, value), -Infinity);
  const edge = topK > 0 && topK < z.length ? z.toSorted()[z.length - topK]! : -Infinity;
  const weights = Float64Array.from(z, (value) => (value >= edge ? Math.exp(value - largest) : 0));
  if (topP >= 1) return weights;

  let total = 0;
  for (const weight of weights) total += weight;
  let before = 0;
  for (const [rank, i] of ranked(z, weights).entries()) {
    const weight = weights[i]!;
    if (rank > 0 && before >= topP * total) weights[i] = 0;
    before += weight;
  }
  return weights;
}

/** Tokens of any weight from the largest down, the lower index first where two are equal. */
export function ranked(z: Float32Array, weights: Float64Array): number[] {
  return Array.from(z.keys())
    .filter((i) => weights[i]! > 0)
    .sort((a, b) => z[b]! - z[a]! || a - b);
}

/** The first index with which the running weight exceeds r times the total, or the last of any weight. */
function pick(weights: Float64Array, r: number): number {
  let total = 0;
  for (const weight of weights) total += weight;
  let running = 0;
  let last = 0;
  for (const [i, weight] of weights.entries()) {
    if (weight === 0) continue;
    last = i;
    running += weight;
    if (running > r * total) break;
  }
  return last;
}

/** A bitwise token: ceil(bits / 8) bytes. */
function drawBits(settings: StepSettings, z: Float32Array, u: number): Uint8Array {
  const out = new Uint8Array(tokenBytes(settings));
  for (const [b, value] of z.entries()) {
    const words = philox(settings.seed, [u, settings.step, STREAM.sampling, 1 + (b >>> 1)]);
    const r = b & 1 ? uniform(words[2], words[3]) : uniform(words[0], words[1]);
    if (drawBit(settings, value, r)) out[b >>> 3]! |= 1 << (b & 7);
  }
  return out;
}

/** Whether a bit of log-odds z is 1. */
function drawBit({ temperature, topK, topP }: StepSettings, z: number, r: number): boolean {
  if (Math.fround(temperature) === 0 || topK === 1) return z > 0;
  const odds = 1 / (1 + Math.exp(-z));
  if (topP < 1) {
    if (z > 0 && 1 - odds <= 1 - topP) return true;
    if (z <= 0 && odds <= 1 - topP) return false;
  }
  return r < odds;
}
