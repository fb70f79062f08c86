/** What a webhook says, signed as Standard Webhooks has it. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { LedgerEvent } from "../ledger/events.ts";

/** By the ledger's own kind of event. */
const TYPES = {
  settled: "generation.settled",
  released: "generation.released",
  refunded: "charge.refunded",
  budget: "budget.threshold_reached",
} as const satisfies Record<LedgerEvent["kind"], string>;

export const WEBHOOK_TYPES = Object.values(TYPES);
export type WebhookType = (typeof WEBHOOK_TYPES)[number];

export const typeOf = (event: LedgerEvent): WebhookType => TYPES[event.kind];

/** The body: Standard Webhooks' `type`, `timestamp` (of the event) and `data`. */
export function bodyOf(event: LedgerEvent): string {
  const timestamp = new Date(event.atMs).toISOString();
  return JSON.stringify({ type: typeOf(event), timestamp, data: dataOf(event) });
}

/** The same however often an event is sent to a webhook. */
export function messageId(webhook: string, event: LedgerEvent): string {
  return `msg_${bytesToHex(sha256(utf8ToBytes(`${webhook} ${event.id}`))).slice(0, 32)}`;
}

/**
 * The three headers that let the receiver know a message from us.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @param atMs when it is sent, which is another moment at each attempt.
 */
export function signedHeaders(
  key: Uint8Array,
  id: string,
  atMs: number,
  body: string,
): Record<string, string> {
  const timestamp = `${Math.floor(atMs / 1000)}`;
  const signature = hmac(sha256, key, utf8ToBytes(`${id}.${timestamp}.${body}`));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${base64(signature)}`,
  };
}

/** A key as its receiver is given it. */
export const shownSecret = (key: Uint8Array): string => `whsec_${base64(key)}`;

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

function dataOf(event: LedgerEvent): object {
  if (event.kind === "budget") {
    const { account, month, percent, spent, budget } = event;
    return { account, month, percent, spent_micro_credits: spent, budget_micro_credits: budget };
  }
  const { account, generation, project, apiKey, model } = event;
  const about = { account, generation, project, api_key: apiKey, model };
  switch (event.kind) {
    case "settled":
      return { ...about, reason: event.reason, micro_credits: event.charge, ...event.usage };
    case "released":
      return { ...about, reason: event.reason };
    case "refunded":
      return { ...about, micro_credits: event.charge };
  }
}
