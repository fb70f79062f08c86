/** Signed links to outputs: who holds one may fetch that one file until it expires, without a key. */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import type { Plan } from "../plan/plan.ts";

const PURPOSE = "vpg-edge/output-link/1";
const FILE = /^(0|[1-9]\d{0,3})\.(png|webp|jpeg|mp4)$/;
const SIGNATURE = /^[0-9a-f]{64}$/;

type Format = Plan["format"];

/** Whose output is linked. */
export interface Linked {
  readonly id: string;
  readonly createdMs: number;
  readonly finishedMs: number | null;
}

/** What a good link leads to. */
export interface Target {
  readonly imageIndex: number;
  readonly format: Format;
  readonly expiresMs: number;
}

/** Makes and checks links, under a key that serves this purpose alone. */
export class OutputLinks {
  readonly #key: Promise<CryptoKey>;
  readonly #lastsMs: number;
  readonly #keepMs: number;

  /**
   * @param secret the key of links is derived from it (HKDF, RFC 5869).
   * @param lasts how long a link lasts, and how long outputs are kept, which no link outlives.
   */
  constructor(secret: string, { lastsMs, keepMs }: { lastsMs: number; keepMs: number }) {
    this.#key = deriveKey(secret);
    this.#lastsMs = lastsMs;
    this.#keepMs = keepMs;
  }

  /** The path and query of a fresh link. */
  async make(of: Linked, imageIndex: number, format: Format, nowMs: number): Promise<string> {
    // Outputs are kept from the generation's end, or at the earliest from its start.
    const goneMs = (of.finishedMs ?? of.createdMs) + this.#keepMs;
    const expires = Math.floor(Math.min(nowMs + this.#lastsMs, goneMs) / 1000);
    const file = `${imageIndex}.${format}`;
    const mac = await crypto.subtle.sign("HMAC", await this.#key, textOf(of.id, file, `${expires}`));
    const signature = bytesToHex(new Uint8Array(mac));
    return `/outputs/${of.id}/${file}?expires=${expires}&signature=${signature}`;
  }

  /** What a link leads to; `unknown` says nothing of whether there is such a file. */
  async check(
    id: string,
    file: string,
    expires: string,
    signature: string,
    nowMs: number,
  ): Promise<Target | "unknown" | "expired"> {
    if (!SIGNATURE.test(signature)) return "unknown";
    const said = textOf(id, file, expires);
    // `verify` compares in constant time.
    const isOurs = await crypto.subtle.verify("HMAC", await this.#key, hexToBytes(signature), said);
    if (!isOurs) return "unknown";
    const [, imageIndex, format] = FILE.exec(file)!;
    const expiresMs = Number(expires) * 1000;
    return expiresMs > nowMs
      ? { imageIndex: Number(imageIndex), format: format as Format, expiresMs }
      : "expired";
  }
}

const textOf = (id: string, file: string, expires: string) =>
  new TextEncoder().encode(JSON.stringify([id, file, expires]));

async function deriveKey(secret: string): Promise<CryptoKey> {
  // An absent one would make a key that anybody can derive.
  if (!secret) throw new Error("ID_SECRET is not set");
  const encoder = new TextEncoder();
  const from = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(PURPOSE) },
    from,
    { name: "HMAC", hash: "SHA-256", length: 256 },
    false,
    ["sign", "verify"],
  );
}
