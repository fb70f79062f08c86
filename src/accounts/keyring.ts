/** The life of keys: made, changed, rotated, disabled; the directory and the account's ledger are told of each. */
import type { KeyLimits } from "../metering/hold.ts";
import type { ConfigureAnswer, KeyChange } from "../metering/ledger/settings.ts";
import { Refusal } from "../refusal.ts";
import type { Directory } from "./directory.ts";
import { refuseFlood } from "./flood.ts";
import { KEY_BYTES, makeKey, shownPrefix } from "./key.ts";
import type { Pepper } from "./pepper.ts";
import { type ApiKey, type KeyChanges, type KeySettings, makeId } from "./records.ts";

/** Tells an account's ledger what one of its keys may do, from this moment on. */
export type ConfigureKey = (change: KeyChange) => Promise<ConfigureAnswer>;

export interface KeyringPorts {
  readonly directory: Directory;
  readonly pepper: Pepper;
  readonly configureKey: ConfigureKey;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A key and, this once, its text. */
export interface IssuedKey {
  readonly key: ApiKey;
  readonly text: string;
}

const NO_LIMITS: KeyLimits = {
  requestsPerMinute: null,
  picturesPerMinute: null,
  concurrency: null,
  streams: null,
  monthlyBudget: null,
};

export class Keyring {
  readonly #ports: KeyringPorts;

  constructor(ports: KeyringPorts) {
    this.#ports = ports;
  }

  /** Makes a key; the ledger knows its limits before the key can open anything. */
  async create(account: string, settings: KeySettings): Promise<IssuedKey> {
    const issued = await this.#issue(account, settings);
    await this.#limit(issued.key);
    await this.#ports.directory.addKey(issued.key);
    return issued;
  }

  /**
   * Makes a key with the same settings; the old one lives on for a while, so that both work meanwhile.
   * @throws Refusal where the old one is disabled, expired or has been rotated.
   */
  async rotate(old: ApiKey, overlapMs: number): Promise<IssuedKey> {
    const issued = await this.#issue(old.account, old);
    const { key } = issued;
    await this.#limit(key);
    if (await this.#ports.directory.replaceKey(old.id, key, key.createdMs + overlapMs)) return issued;
    throw inactive();
  }

  /** Shuts a key: for what costs money at once, by the ledger; everywhere as soon as no cache is older. */
  async disable(key: ApiKey): Promise<ApiKey> {
    const { directory, now } = this.#ports;
    const nowMs = now();
    await Promise.all([
      this.#configure({ account: key.account, apiKey: key.id, disabled: true }),
      directory.disableKey(key.account, key.id, nowMs),
    ]);
    return { ...key, disabledMs: key.disabledMs ?? nowMs };
  }

  /** @throws Refusal where the key is disabled or has been rotated. */
  async change(key: ApiKey, changes: KeyChanges): Promise<ApiKey> {
    if (key.disabledMs !== null || key.replacedBy !== null) throw inactive();
    if (changes.limits !== undefined) await this.#limit({ ...key, limits: changes.limits ?? NO_LIMITS });
    if (!(await this.#ports.directory.changeKey(key.account, key.id, changes))) throw inactive();
    return {
      ...key,
      name: changes.name ?? key.name,
      models: changes.models === undefined ? key.models : changes.models,
      limits: changes.limits === undefined ? key.limits : changes.limits,
      expiresMs: changes.expiresMs === undefined ? key.expiresMs : changes.expiresMs,
    };
  }

  async #issue(account: string, settings: KeySettings): Promise<IssuedKey> {
    await refuseFlood(this.#ports.directory, "api_keys", account, this.#ports.now());
    const { name, project, scopes, models, limits, expiresMs } = settings;
    const text = makeKey(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
    const key: ApiKey = {
      ...{ name, project, scopes, models, limits, expiresMs },
      id: makeId("key"),
      account,
      hash: await this.#ports.pepper.hash(text),
      prefix: shownPrefix(text),
      createdMs: this.#ports.now(),
      disabledMs: null,
      replacedBy: null,
    };
    return { key, text };
  }

  async #limit({ account, id, limits }: ApiKey): Promise<void> {
    if (limits) await this.#configure({ account, apiKey: id, limits });
  }

  async #configure(change: KeyChange): Promise<void> {
    const answer = await this.#ports.configureKey(change);
    if (answer.kind === "configured") return;
    throw new Refusal("invalid_value", "limits: out of range.", { param: "limits", internal: answer.param });
  }
}

const inactive = () =>
  new Refusal("key_inactive", "This API key is disabled, expired or has been rotated.", { param: "id" });
