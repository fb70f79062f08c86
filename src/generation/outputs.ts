/** Finished pictures in R2, under their generation's id. */
import type { MediaFormat } from "../../adapters/contract.ts";
import { describeOutput } from "../metering/receipt/receipt.ts";
import type { Receipt } from "../metering/receipt/schema.ts";
import { sha256 } from "./digest.ts";

export class Outputs {
  readonly #bucket: R2Bucket;
  readonly #id: string;

  constructor(bucket: R2Bucket, id: string) {
    this.#bucket = bucket;
    this.#id = id;
  }

  /** Keeps all of them; returns their lines on the receipt, in order. */
  put(media: readonly Uint8Array[], format: MediaFormat): Promise<Receipt["outputs"]> {
    return Promise.all(
      media.map(async (picture, i) => {
        const hash = await sha256(picture);
        // The bucket refuses what does not come as it was sent.
        await this.#bucket.put(this.#key(i), picture, { sha256: hash });
        return describeOutput(i, picture, format, hash);
      }),
    );
  }

  /** The picture's bytes, or null once they have expired. */
  async get(imageIndex: number): Promise<Uint8Array | null> {
    const object = await this.#bucket.get(this.#key(imageIndex));
    return object && new Uint8Array(await object.arrayBuffer());
  }

  /** What is known of the picture without its bytes, or null once it has expired. */
  async head(imageIndex: number): Promise<R2Object | null> {
    return this.#bucket.head(this.#key(imageIndex));
  }

  /** The picture's bytes as they come, of a range those alone, or null once it has expired. */
  async open(imageIndex: number, range?: { offset: number; length: number }): Promise<R2ObjectBody | null> {
    return this.#bucket.get(this.#key(imageIndex), range && { range });
  }

  async delete(pictures: number): Promise<void> {
    await this.#bucket.delete(Array.from({ length: pictures }, (_, i) => this.#key(i)));
  }

  #key(imageIndex: number): string {
    return `generations/${this.#id}/${imageIndex}`;
  }
}
