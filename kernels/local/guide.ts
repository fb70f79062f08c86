/** From a step's raw rows to the pair on the wire: guidance, shift, half precision, interleaving. */
/// <reference lib="esnext.float16" />

const largestHalf = 65504;

/**
 * VAR's guidance, (1 + t) cond - t uncond, each operation rounded to float32; then each token's row is shifted so that
 * its maximum is 0.
 *
 * @param conditional [L, V]
 * @param unconditional [L, V], or null: no guidance
 * @param t the strength, a float32
 * @param width V
 * @returns [L, V]
 * @throws when a logit is not finite
 */
export function guide(
  conditional: Float32Array,
  unconditional: Float32Array | null,
  t: number,
  width: number,
): Float32Array {
  const guided = conditional.slice();
  if (unconditional !== null) {
    const more = Math.fround(1 + t);
    for (let i = 0; i < guided.length; i++) {
      guided[i] = Math.fround(more * conditional[i]!) - Math.fround(t * unconditional[i]!);
    }
  }
  for (let start = 0; start < guided.length; start += width) {
    const row = guided.subarray(start, start + width);
    const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    for (let v = 0; v < width; v++) row[v]! -= largest;
    if (!row.every(Number.isFinite)) throw new Error("a logit is not finite");
  }
  return guided;
}

/**
 * @param branches [L, V] each: the generated one, then the corrupted one if there is one
 * @param width V
 * @returns FP16 little endian [L, B, V], rounded to nearest even and clamped to what is finite
 */
export function interleave(branches: readonly Float32Array[], width: number): Uint8Array {
  const B = branches.length;
  const pairs = new Float16Array(branches[0]!.length * B);
  for (const [b, rows] of branches.entries()) {
    for (let i = 0; i < rows.length; i++) {
      const u = Math.floor(i / width);
      pairs[(u * B + b) * width + (i % width)] = Math.max(-largestHalf, rows[i]!);
    }
  }
  return new Uint8Array(pairs.buffer);
}
