/** Signed receipts in R2: each under its account, so that another account's is simply not there. */

/** Receipts outlive the generations they are of. */
export class Receipts {
  readonly #bucket: Pick<R2Bucket, "get" | "put">;

  constructor(bucket: Pick<R2Bucket, "get" | "put">) {
    this.#bucket = bucket;
  }

  /** Keeps a receipt; a settlement that is repeated leaves the first one as it is. */
  async put(account: string, generation: string, jws: string): Promise<void> {
    await this.#bucket.put(keyOf(account, generation), jws, {
      httpMetadata: { contentType: "application/jose" },
      onlyIf: new Headers({ "if-none-match": "*" }),
    });
  }

  /** The receipt as it was signed, or null where this account has none of that generation. */
  async get(account: string, generation: string): Promise<string | null> {
    const object = await this.#bucket.get(keyOf(account, generation));
    return object ? object.text() : null;
  }
}

const keyOf = (account: string, generation: string) => `receipts/${account}/${generation}`;
