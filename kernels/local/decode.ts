/** Tokens of the first steps to an encoded picture. */
import sharp from "sharp";
import { stepCount } from "./model.ts";
import type { Pixels } from "./network.ts";
import type { Engine } from "./step.ts";

export const formats = ["png", "webp", "jpeg"] as const;
export type Format = (typeof formats)[number];

/**
 * @param engine what to run on
 * @param tokens those of the first `steps` steps
 * @param steps how many; fewer than all give a coarse preview
 * @param signal aborted before its turn: not run
 * @returns the pixels
 */
export async function runDecode(
  engine: Engine,
  tokens: Uint16Array,
  steps: number,
  signal: AbortSignal,
): Promise<Pixels> {
  const { model, pool } = engine;
  const { schedule } = model;
  const padded = new BigInt64Array(schedule.bounds.at(-1)!);
  for (const [u, token] of tokens.entries()) padded[u] = BigInt(token);
  const kept = Float32Array.from({ length: stepCount(schedule) }, (_, k) => (k < steps ? 1 : 0));
  return (await pool.decode(model, { tokens: padded, kept }, signal)).output;
}

/**
 * @param pixels what to encode
 * @param format into what; PNG loses nothing
 * @returns the file's bytes: equal pixels give equal bytes
 */
export async function encode(pixels: Pixels, format: Format): Promise<Uint8Array> {
  const { data, width, height } = pixels;
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  switch (format) {
    case "png":
      return image.png({ compressionLevel: 9 }).toBuffer();
    case "webp":
      return image.webp({ quality: 92 }).toBuffer();
    case "jpeg":
      return image.jpeg({ quality: 92, chromaSubsampling: "4:4:4" }).toBuffer();
  }
}
