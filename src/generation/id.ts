/** Generation ids: time, 128 random bits and a short MAC, so that an invented one touches no object. */

/** How long after its making an id may start a generation. */
export const START_WITHIN_MS = 60_000;

const TIME_HEX = 12;
const RANDOM_HEX = 32;
const MAC_HEX = 12;
const PATTERN = new RegExp(`^gen_[0-9a-f]{${TIME_HEX + RANDOM_HEX + MAC_HEX}}$`);

/** Signs and checks ids under one secret. */
export class GenerationIds {
  readonly #key: Promise<CryptoKey>;

  constructor(secret: string) {
    const bytes = new TextEncoder().encode(secret);
    this.#key = crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  }

  /** A fresh id; `random` is 16 bytes of the system's generator. */
  async make(nowMs: number, random: Uint8Array): Promise<string> {
    const body = nowMs.toString(16).padStart(TIME_HEX, "0") + hex(random);
    return `gen_${body}${await this.#mac(body)}`;
  }

  /** The millisecond an id was made at, or null where it is none of ours. */
  async check(id: string): Promise<number | null> {
    if (!PATTERN.test(id)) return null;
    const body = id.slice(4, 4 + TIME_HEX + RANDOM_HEX);
    const mac = await this.#mac(body);
    return equal(mac, id.slice(4 + TIME_HEX + RANDOM_HEX))
      ? Number.parseInt(body.slice(0, TIME_HEX), 16)
      : null;
  }

  async #mac(body: string): Promise<string> {
    const signature = await crypto.subtle.sign("HMAC", await this.#key, new TextEncoder().encode(body));
    return hex(new Uint8Array(signature)).slice(0, MAC_HEX);
  }
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Compares in a time that does not depend on where two strings of one length differ. */
function equal(a: string, b: string): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
