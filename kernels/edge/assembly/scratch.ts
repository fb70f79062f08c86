/** Room for the row at hand, shared by all samplers (a row is finished before the next begins) and grown to the widest. */

/** Bins of a histogram over how far a logit lies below the largest; as many as a byte can tell apart. */
export const BINS: u32 = 256;
/** A bin is (mass, count), two f64. */
export const BIN_BYTES: usize = 16;

/** z: f32[width + 16], mixed logits of the row; what follows the last is masked. */
export let mixed: usize = 0;

/** The candidates, in index order: z f32, weight f64, bin u8, each [width + 16]. */
export let value: usize = 0;
export let weight: usize = 0;
export let bin: usize = 0;

/** Those of one bin, while a cut is looked for: z f32, weight f64, bin u8, each [width + 16]. */
export let listValue: usize = 0;
export let listWeight: usize = 0;
export let listBin: usize = 0;

/** Histograms of the candidates and of the list: (mass, count)[BINS]. */
export let bins: usize = 0;
export let listBins: usize = 0;

let held: u32 = 0;

/** Makes room for rows of `width`. */
export function reserve(width: u32): void {
  if (width <= held) return;
  if (held) heap.free(mixed);
  const entries = (<usize>width + 31) & ~15;
  const histogram = <usize>BINS * BIN_BYTES;
  mixed = heap.alloc(entries * 30 + 2 * histogram);
  value = mixed + entries * 4;
  listValue = value + entries * 4;
  weight = listValue + entries * 4;
  listWeight = weight + entries * 8;
  bin = listWeight + entries * 8;
  listBin = bin + entries;
  bins = listBin + entries;
  listBins = bins + histogram;
  held = width;
}
