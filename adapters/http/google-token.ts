/** Access tokens of a Google service account: a JWT signed by WebCrypto, exchanged once for everybody who waits. */
import { isRecord } from "../oip/header.ts";
import { piecesOf } from "../oip/pieces.ts";
import { readText } from "./complaint.ts";

/** What is read of a service account's key file. */
export interface ServiceAccount {
  readonly email: string;
  readonly keyId: string;
  /** PKCS#8 as PEM. */
  readonly privateKey: string;
  /** Where tokens are given out. */
  readonly tokenUri: string;
}

/** The exchange said no to who we are. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
}

const scope = "https://www.googleapis.com/auth/cloud-platform";
const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const lifetimeS = 3600;
/** A token with less left than this is not used: the step it goes with may take a while. */
const leastLeftMs = 5 * 60_000;

interface Token {
  readonly value: string;
  readonly expiresMs: number;
}

/**
 * @param text the key file (JSON) as Google hands it out
 * @returns what is needed of it
 * @throws TypeError naming the field, repeating none of it
 */
export function parseServiceAccount(text: string): ServiceAccount {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new TypeError("account: not the JSON of a service account's key");
  }
  const field = (name: string): string => {
    const value = isRecord(file) ? file[name] : undefined;
    if (typeof value !== "string" || value === "") throw new TypeError(`account: no ${name}`);
    return value;
  };
  return {
    email: field("client_email"),
    keyId: field("private_key_id"),
    privateKey: field("private_key"),
    tokenUri: field("token_uri"),
  };
}

export class AccessTokens {
  readonly #account: ServiceAccount;
  readonly #fetch: typeof fetch;
  readonly #now: () => number;
  readonly #patienceMs: number;
  #key: CryptoKey | null = null;
  #token: Token | null = null;
  /** Tokens that calls under way may still carry, each until its own end. */
  #carried: Token[] = [];
  #underWay: Promise<string> | null = null;

  /**
   * @param account who we are
   * @param fetcher the fetch to use
   * @param now milliseconds since 1970
   * @param patienceMs after so long an exchange is given up and another made
   */
  constructor(account: ServiceAccount, fetcher: typeof fetch, now: () => number, patienceMs = 10_000) {
    this.#account = account;
    this.#fetch = fetcher;
    this.#now = now;
    this.#patienceMs = patienceMs;
  }

  /** What must never be seen in a message. */
  get secrets(): readonly string[] {
    return [this.#account.privateKey, ...this.#carried.map(({ value }) => value)];
  }

  /**
   * @returns a token with minutes to live; of all who ask while there is none, one exchange is made
   * @throws TokenRefused, or what the fetch throws
   */
  async get(): Promise<string> {
    for (;;) {
      if (this.#token !== null && this.#token.expiresMs - this.#now() > leastLeftMs) return this.#token.value;
      this.#underWay ??= this.#begin();
      const exchange = this.#underWay;
      const token = await within(exchange, this.#patienceMs);
      if (token !== null) return token;
      if (this.#underWay === exchange) this.#underWay = null;
    }
  }

  #begin(): Promise<string> {
    const exchange = this.#exchange().finally(() => {
      if (this.#underWay === exchange) this.#underWay = null;
    });
    return exchange;
  }

  /**
   * A token was refused: the next who asks gets another, unless somebody has it already.
   *
   * @param refused the token that call carried
   */
  forget(refused: string): void {
    if (this.#token?.value === refused) this.#token = null;
  }

  async #exchange(): Promise<string> {
    const assertion = await this.#assertion();
    const response = await this.#fetch(this.#account.tokenUri, {
      method: "POST",
      body: new URLSearchParams({ grant_type: grant, assertion }),
      redirect: "manual",
      signal: AbortSignal.timeout(this.#patienceMs),
    });
    const text = await readText(piecesOf(response.body), 0);
    if (response.status >= 400 && response.status < 500 && response.status !== 429)
      throw new TokenRefused(`the token exchange said ${response.status}`);
    if (response.status !== 200) throw new Error(`the token exchange said ${response.status}`);
    const answer: unknown = JSON.parse(text);
    const { access_token: given, expires_in: seconds } = isRecord(answer) ? answer : {};
    // As a header carries it: the token a refused call names must be this one.
    const value = typeof given === "string" ? given.trim() : "";
    if (value === "" || typeof seconds !== "number") throw new Error("the token exchange gave no token");
    const now = this.#now();
    this.#token = { value, expiresMs: now + seconds * 1000 };
    this.#carried = [...this.#carried.filter(({ expiresMs }) => expiresMs > now), this.#token];
    return value;
  }

  async #assertion(): Promise<string> {
    const { email, keyId, tokenUri } = this.#account;
    const issued = Math.floor(this.#now() / 1000);
    const head = { alg: "RS256", typ: "JWT", kid: keyId };
    const claims = { iss: email, scope, aud: tokenUri, iat: issued, exp: issued + lifetimeS };
    const encoder = new TextEncoder();
    const signed = [head, claims].map((part) => base64url(encoder.encode(JSON.stringify(part)))).join(".");
    // Each request's own import until one is done: what one request waits for ends with it.
    this.#key ??= await importKey(this.#account.privateKey);
    const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", this.#key, encoder.encode(signed));
    return `${signed}.${base64url(new Uint8Array(signature))}`;
  }
}

/** Null when it took longer: in workerd an exchange ends never when the request that began it is torn down. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function importKey(pem: string): Promise<CryptoKey> {
  try {
    const base64 = pem.replace(/-----[A-Z ]+-----|\s/g, "");
    const der = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    return await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  } catch {
    throw new TokenRefused("the account's private_key is no PKCS#8 key");
  }
}

function base64url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
