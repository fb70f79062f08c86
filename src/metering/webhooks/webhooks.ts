/** The life of a webhook: its host proves that it wants it, then it is told, signed, until it takes it. */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { Refusal } from "../../refusal.ts";
import { type Fetch, isAccepted, postOut } from "../export/outbound.ts";
import type { LedgerEvent } from "../ledger/events.ts";
import { bodyOf, messageId, shownSecret, signedHeaders, typeOf, type WebhookType } from "./message.ts";
import { type Webhook, WebhookStore } from "./store.ts";
import { refusalOfUrl } from "./url.ts";

export interface WebhookPorts {
  readonly db: D1Database;
  /** A keyed hash of 32 bytes in hex, whose secret the database does not hold. */
  readonly hash: (text: string) => Promise<string>;
  readonly fetch: Fetch;
  /** This deployment's host name. */
  readonly ownHost: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** An account's webhooks at a time, and challenges a day. */
const MOST = 10;
const MOST_CHALLENGES = 50;
const JSON_BODY = { "content-type": "application/json", "user-agent": "vpg-edge-webhooks/1" };
/** The host wants no more of them. */
const GONE = 410;

export class Webhooks {
  readonly #ports: WebhookPorts;
  readonly #store: WebhookStore;

  constructor(ports: WebhookPorts) {
    this.#ports = ports;
    this.#store = new WebhookStore(ports.db);
  }

  /**
   * Challenges the host, and keeps the webhook once it has echoed.
   * @returns the webhook and, this once, its secret.
   * @throws Refusal that names `url`, and says nothing of what the host answered.
   */
  async create(
    account: string,
    url: string,
    events: readonly WebhookType[],
  ): Promise<{ webhook: Webhook; secret: string }> {
    const { now, ownHost } = this.#ports;
    const wrong = refusalOfUrl(url, ownHost);
    if (wrong !== null) throw refused(`url: ${wrong}.`);
    await this.#limitChallenges(account);
    if (!(await this.#echoes(url))) {
      throw refused("url: the host must answer our challenge with 200 and the challenge as its text.");
    }
    const id = `wh_${bytesToHex(crypto.getRandomValues(new Uint8Array(12)))}`;
    const webhook = { id, account, url, events, createdMs: now() };
    if (!(await this.#store.add(webhook, MOST)))
      throw refused(`url: an account has at most ${MOST} webhooks.`);
    return { webhook, secret: shownSecret(await this.#key(id)) };
  }

  list(account: string): Promise<Webhook[]> {
    return this.#store.list(account);
  }

  remove(account: string, id: string): Promise<boolean> {
    return this.#store.remove(account, id);
  }

  /** Which webhooks are to be told of which of these events, of at most a hundred accounts. */
  async recipients(events: readonly LedgerEvent[]): Promise<{ webhook: string; event: LedgerEvent }[]> {
    const all = await this.#store.ofAccounts([...new Set(events.map(({ account }) => account))]);
    return events.flatMap((event) =>
      all
        .filter((one) => one.account === event.account && one.events.includes(typeOf(event)))
        .map(({ id }) => ({ webhook: id, event })),
    );
  }

  /** Tells a webhook of an event; false: it did not take it. One that is gone, or wants no more, takes everything. */
  async deliver(id: string, event: LedgerEvent): Promise<boolean> {
    const webhook = await this.#store.find(id);
    if (!webhook || refusalOfUrl(webhook.url, this.#ports.ownHost) !== null) return true;
    const body = bodyOf(event);
    const signed = signedHeaders(await this.#key(id), messageId(id, event), this.#ports.now(), body);
    const { url } = webhook;
    const answer = await postOut(this.#ports.fetch, { url, headers: { ...JSON_BODY, ...signed }, body });
    if (answer.status !== GONE) return isAccepted(answer);
    await this.#store.remove(webhook.account, id);
    return true;
  }

  async #echoes(url: string): Promise<boolean> {
    const challenge = bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
    const timestamp = new Date(this.#ports.now()).toISOString();
    const body = JSON.stringify({ type: "webhook.challenge", timestamp, data: { challenge } });
    try {
      const { status, text } = await postOut(this.#ports.fetch, { url, headers: JSON_BODY, body });
      return status === 200 && text.trim() === challenge;
    } catch {
      return false;
    }
  }

  async #limitChallenges(account: string): Promise<void> {
    const today = new Date(this.#ports.now()).toISOString().slice(0, 10);
    if ((await this.#store.countChallenge(account, today)) <= MOST_CHALLENGES) return;
    throw new Refusal(
      "rate_limit_exceeded",
      `An account may try at most ${MOST_CHALLENGES} webhooks a day.`,
      {
        retryAfterMs: Date.parse(`${today}T24:00:00Z`) - this.#ports.now(),
      },
    );
  }

  /** Made of the id anew each time, so that it is stored nowhere. */
  async #key(id: string): Promise<Uint8Array> {
    return hexToBytes(await this.#ports.hash(`webhook ${id}`));
  }
}

const refused = (message: string) => new Refusal("invalid_value", message, { param: "url" });
