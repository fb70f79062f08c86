/** The form in which keys are stored, and comparisons whose time tells nothing. */

/** HMAC-SHA-256 under a secret that the database does not hold: a stolen table opens nothing. */
export class Pepper {
  readonly #secret: string;
  #key: Promise<CryptoKey> | null = null;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** @returns 64 hex digits. */
  async hash(text: string): Promise<string> {
    const bytes = new TextEncoder();
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key ??= crypto.subtle.importKey("raw", bytes.encode(this.#secret), algorithm, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", await this.#key, bytes.encode(text));
    return Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

/**
 * Whether two texts are the same, in a time that depends on neither: their MACs under a fresh key are compared,
 * digit by digit to the end.
 */
export async function sameSecret(a: string, b: string): Promise<boolean> {
  const once = new Pepper(crypto.randomUUID());
  return sameHash(await once.hash(a), await once.hash(b));
}

/** Compares two hashes of one length in a time that does not depend on where they differ. */
export function sameHash(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
