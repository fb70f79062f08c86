/** Sealed segments in R2: written once, whole, and read a part at a time. */
import { decodePart, encodePart, type Part, partKey, partsPrefix } from "./segment.ts";

export class Archive {
  readonly #bucket: Pick<R2Bucket, "get" | "put" | "list">;

  constructor(bucket: Pick<R2Bucket, "get" | "put" | "list">) {
    this.#bucket = bucket;
  }

  /** Keeps a part; the same part again is the same object. R2 holds what came against the digest. */
  async put(part: Part): Promise<void> {
    const bytes = new TextEncoder().encode(encodePart(part));
    await this.#bucket.put(partKey(part.account, part.segment, part.begins.seq + 1), bytes, {
      sha256: await crypto.subtle.digest("SHA-256", bytes),
      httpMetadata: { contentType: "application/x-ndjson" },
    });
  }

  /** @throws Error where there is no such part, or it is none. */
  async get(account: string, segment: number, firstSeq: number): Promise<Part> {
    return this.#read(partKey(account, segment, firstSeq));
  }

  /** All parts of all segments of an account, in order. */
  async *walk(account: string): AsyncGenerator<Part, void> {
    for (let cursor: string | undefined; ; ) {
      const page = await this.#bucket.list({ prefix: partsPrefix(account), ...(cursor && { cursor }) });
      for (const { key } of page.objects) yield await this.#read(key);
      if (!page.truncated) return;
      cursor = page.cursor;
    }
  }

  async #read(key: string): Promise<Part> {
    const object = await this.#bucket.get(key);
    if (!object) throw new Error(`ledger: there is no ${key}`);
    return decodePart(await object.text());
  }
}
