/** Tokens become pictures: three formats, any number of whole steps, equal bytes for equal requests. */
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askDecode, models, someTokens } from "./asking.ts";
import { formats } from "./decode.ts";
import { type Endpoint, startEndpoint } from "./server.ts";

describe.each(models)("%s", (_, model) => {
  const { bounds } = model.schedule;
  const tokens = someTokens(bounds.at(-1)!, 1);
  let endpoint: Endpoint;

  beforeAll(async () => {
    endpoint = await startEndpoint({ port: 0, weights: [model.folder], threads: 1 });
  }, 60_000);
  afterAll(() => endpoint?.close());

  const pixelsOf = async (file: Uint8Array) => (await sharp(file).raw().toBuffer()) as Uint8Array;

  it.each(formats)(
    "makes a %s of the schedule's size, the same bytes every time and beside others",
    async (format) => {
      const [file] = await askDecode(endpoint.url, [tokens], format, model.id);
      const [, again] = await askDecode(
        endpoint.url,
        [someTokens(tokens.length, 2), tokens],
        format,
        model.id,
      );
      expect(await sharp(file!).metadata()).toMatchObject({ format, width: 64, height: 64, channels: 3 });
      expect(Buffer.compare(file!, again!)).toBe(0);
    },
  );

  it("loses nothing in png, and little in webp and jpeg", async () => {
    const [png, webp, jpeg] = await Promise.all(
      formats.map(async (format) =>
        pixelsOf((await askDecode(endpoint.url, [tokens], format, model.id))[0]!),
      ),
    );
    for (const other of [webp!, jpeg!]) {
      const error = png!.reduce((sum, value, i) => sum + Math.abs(value - other[i]!), 0) / png!.length;
      expect(error).toBeLessThan(8);
    }
  });

  it("makes a coarse preview of every number of whole steps, each from its own tokens alone", async () => {
    const previews = await Promise.all(
      bounds.slice(1).map(async (count) => {
        const [file] = await askDecode(endpoint.url, [tokens.slice(0, count)], "png", model.id);
        return pixelsOf(file!);
      }),
    );
    expect(new Set(previews.map((pixels) => Buffer.from(pixels).toString("hex"))).size).toBe(previews.length);
    for (const pixels of previews) expect(pixels.length).toBe(64 * 64 * 3);
  });
});
