/** Who calls: from the `Authorization` header to a Caller, by way of what was seen of late and the directory. */
import { Refusal } from "../refusal.ts";
import { Bounded } from "./bounded.ts";
import type { Caller } from "./caller.ts";
import type { Directory } from "./directory.ts";
import { Failures } from "./failures.ts";
import { checkKey } from "./key.ts";
import { type Pepper, sameHash } from "./pepper.ts";
import type { ApiKey } from "./records.ts";

/** How long what the directory said is taken for true without asking again. */
const FRESH_MS = 10_000;
/** How long a key that was seen good opens while the directory does not answer. */
const OUTAGE_MS = 60_000;
/** A directory that takes longer does not answer. */
const LOOK_UP_WITHIN_MS = 2_000;
const REMEMBERED_KEYS = 10_000;
const FAILURES_A_MINUTE = 20;

interface Seen {
  readonly key: ApiKey;
  readonly askedMs: number;
}

export interface IdentifierPorts {
  readonly directory: Pick<Directory, "findKey">;
  readonly pepper: Pepper;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Remembers in its isolate what it saw; one isolate has one. */
export class Identifier {
  readonly #ports: IdentifierPorts;
  /** By hash; apart from the unknown ones, so that a flood of guesses drives out nobody. */
  readonly #good = new Bounded<Seen>(REMEMBERED_KEYS);
  /** When the directory did not know a hash. */
  readonly #unknown = new Bounded<number>(REMEMBERED_KEYS);
  readonly #failures = new Failures(FAILURES_A_MINUTE);

  constructor(ports: IdentifierPorts) {
    this.#ports = ports;
  }

  /**
   * @param header `Authorization`, as `Bearer vpge_...`.
   * @param address the client's, by which failing look-ups are limited: guesses, and neither one wrong key sent again and
   *   again nor a key that was seen good.
   * @throws Refusal 401 that says what is wrong with the key, 429 after too many failures, 503 where nobody can tell.
   */
  async identify(header: string | undefined, address: string): Promise<Caller> {
    const text = keyIn(header);
    if (!checkKey(text)) throw invalid("Incorrect API key: it is not whole, or mistyped.");
    const { pepper, now } = this.#ports;
    const hash = await pepper.hash(text);
    const seen = this.#good.get(hash);
    if (seen && now() - seen.askedMs < FRESH_MS) return this.#callerOf(seen.key);
    const key = await this.#ask(hash, seen, address);
    if (key) return this.#callerOf(key);
    throw invalid("Incorrect API key: there is no such key.");
  }

  #refuseGuesser(address: string): void {
    const waitMs = this.#failures.waitMs(address, this.#ports.now());
    if (waitMs === 0) return;
    const seconds = Math.ceil(waitMs / 1_000);
    throw new Refusal("rate_limit_exceeded", `Too many wrong API keys came from here; wait ${seconds} s.`, {
      retryAfterMs: waitMs,
    });
  }

  /** What the directory says of a hash, or said within a minute if it does not answer; null: there is no such key. */
  async #ask(hash: string, seen: Seen | undefined, address: string): Promise<ApiKey | null> {
    const askedMs = this.#ports.now();
    const unknownMs = this.#unknown.get(hash);
    if (unknownMs !== undefined && askedMs - unknownMs < FRESH_MS) return null;
    if (!seen) this.#refuseGuesser(address);
    let found: ApiKey | null;
    try {
      found = await within(LOOK_UP_WITHIN_MS, this.#ports.directory.findKey(hash));
    } catch (cause) {
      if (!seen || askedMs - seen.askedMs >= OUTAGE_MS) throw unavailable(cause);
      console.warn(`the directory does not answer; ${seen.key.id} was good within the last minute`, cause);
      return seen.key;
    }
    if (found && sameHash(found.hash, hash)) {
      this.#good.set(hash, { key: found, askedMs });
      return found;
    }
    this.#good.delete(hash);
    this.#unknown.set(hash, askedMs);
    this.#failures.count(address, askedMs);
    return null;
  }

  #callerOf(key: ApiKey): Caller {
    const nowMs = this.#ports.now();
    const { account, project, id, scopes, models, disabledMs, expiresMs } = key;
    if (disabledMs === null && (expiresMs === null || nowMs < expiresMs)) {
      return { account, project, apiKey: id, scopes, models };
    }
    if (disabledMs !== null) throw invalid("This API key has been disabled.");
    throw new Refusal("expired_api_key", "This API key has expired.", { param: "Authorization" });
  }
}

/** @throws Refusal that tells how to send a key. */
function keyIn(header: string | undefined): string {
  const [scheme, text, ...more] = header?.trim().split(/\s+/) ?? [];
  if (scheme?.toLowerCase() === "bearer" && text && more.length === 0) return text;
  throw invalid("Send your API key in the header `Authorization: Bearer vpge_...`.");
}

const invalid = (message: string) => new Refusal("invalid_api_key", message, { param: "Authorization" });

const unavailable = (cause: unknown) =>
  new Refusal("directory_unavailable", "We cannot look up API keys just now; try again shortly.", {
    retryAfterMs: 1_000,
    cause,
  });

/** What a promise gives, or an error after so many milliseconds. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
