/** What is posted besides a reservation: how a generation ended, credit granted, charges refunded. */
import { type EndReason, type HoldEnd, NO_USAGE, type SettledUsage } from "../hold.ts";
import { alertBudget } from "./alert.ts";
import { monthOf } from "./budget.ts";
import type { Row } from "./chain.ts";
import { type Hold, heldOf } from "./holds.ts";
import type { Head, Posted } from "./store.ts";
import type { Tables } from "./tables.ts";
import type { TransferRefusal } from "./transfer.ts";

/** Gives an account credit; its first one makes the account's ledger. */
export interface Grant {
  readonly account: string;
  /** The same key grants once. */
  readonly key: string;
  /** Micro-credits. */
  readonly amount: number;
  readonly note: string;
}

/** Refunds a part of what a generation was charged. */
export interface Adjustment extends Grant {
  readonly generation: string;
}

export type PostAnswer =
  | { readonly kind: "posted"; readonly seq: number; readonly atMs: number }
  /** `key_reused`: this key has posted something else. */
  | { readonly kind: "refused"; readonly why: TransferRefusal | "key_reused" };

export type EndAnswer = "settled" | "already" | "unknown";

/** These charge what was delivered; the others give everything back. */
const charging = new Set<EndReason>(["completed", "cancelled"]);
/** After these the client has an error that it answers with a retry: 5xx. */
const retried = new Set<EndReason>(["failed", "void"]);

/**
 * Settles or releases a hold, once; to be called within a transaction.
 * @param told by the generation or the API as it happens, and not found out by the alarm much later.
 */
export function end(tables: Tables, head: Head, said: HoldEnd, told: boolean, nowMs: number): EndAnswer {
  const { generation, reason, usage } = said;
  const hold = tables.holds.find(generation);
  if (!hold) return "unknown";
  if (hold.endedMs !== null) return "already";
  const { apiKey, project, model } = hold;
  const charges = charging.has(reason);
  const charge = charges ? chargeable(said, hold) : 0;
  const { row } = accepted(
    tables.store.post(
      `end:${generation}`,
      generation,
      heldOf(hold),
      charges ? { kind: "settle", charge } : { kind: "release" },
      charges ? { apiKey, project, model, reason, usage } : { apiKey, project, model, reason },
      nowMs,
    ),
  );
  tables.holds.end(generation, reason, charge, charges ? usage : null, row.atMs);
  const about = aboutOf(head.account, hold, row);
  if (charges) {
    tables.budget.count(monthOf(row.atMs), apiKey, charge);
    tables.outbox.add({ kind: "settled", ...about, reason, charge, usage }, nowMs);
  } else tables.outbox.add({ kind: "released", ...about, reason }, nowMs);
  if (told && retried.has(reason) && hold.idempotencyKey === null) {
    tables.holds.rebuff(generation, apiKey, hold.bodySha256, nowMs);
  }
  alertBudget(tables, tables.store.head()!.balances.held, false, nowMs);
  return "settled";
}

/** How a hold has ended, as it was posted; null where it has not. */
export function ended({ holds }: Tables, { account }: Head, generation: string): HoldEnd | null {
  const hold = holds.find(generation);
  if (!hold?.reason) return null;
  const { reason, charge } = hold;
  const usage = hold.usage === null ? NO_USAGE : (JSON.parse(hold.usage) as SettledUsage);
  return { account, generation, reason, charge, usage };
}

/** Posts a grant, once a key. */
export function grant(tables: Tables, { key, amount, note }: Grant, nowMs: number): PostAnswer {
  return once(
    tables,
    `grant:${key}`,
    (row) =>
      row.generation === null && row.legs.available === amount && row.note === JSON.stringify({ note }),
    (name) => tables.store.post(name, null, null, { kind: "grant", amount }, { note }, nowMs),
  );
}

/** Posts a refund, once a key, in sum never above the generation's charge. */
export function adjust(
  tables: Tables,
  { account, key, generation, amount, note }: Adjustment,
  nowMs: number,
): PostAnswer {
  const hold = tables.holds.find(generation);
  const about = { apiKey: hold?.apiKey, project: hold?.project, model: hold?.model, note };
  return once(
    tables,
    `adjust:${key}`,
    (row) =>
      row.generation === generation && row.legs.available === amount && row.note === JSON.stringify(about),
    (name) => {
      const held = hold && heldOf(hold);
      const posted = tables.store.post(name, generation, held, { kind: "adjust", amount }, about, nowMs);
      if (posted.kind === "posted") {
        tables.holds.refund(generation, posted.held!.refunded);
        tables.budget.count(monthOf(hold!.endedMs!), hold!.apiKey, -amount);
        const event = { ...aboutOf(account, hold!, posted.row), charge: -amount };
        tables.outbox.add({ kind: "refunded", ...event }, nowMs);
      }
      return posted;
    },
  );
}

/** What every event of a generation says. */
function aboutOf(account: string, { generation, apiKey, project, model }: Hold, { seq, atMs }: Row) {
  return { id: `${account}:${seq}`, account, generation, atMs, apiKey, project, model };
}

/** Posts under a key that is new; one that is not must say the same, and gets the same answer. */
function once(
  tables: Tables,
  key: string,
  isSame: (row: Row) => boolean,
  post: (key: string) => Posted,
): PostAnswer {
  const known = tables.store.find(key);
  if (known) {
    return isSame(known)
      ? { kind: "posted", seq: known.seq, atMs: known.atMs }
      : { kind: "refused", why: "key_reused" };
  }
  const posted = post(key);
  if (posted.kind === "refused") return posted;
  return { kind: "posted", seq: posted.row.seq, atMs: posted.row.atMs };
}

/** A whole number from 0 to what is held: a generation that says more is wrong, and the caller not to pay for it. */
function chargeable({ generation, charge }: HoldEnd, { amount }: Hold): number {
  if (Number.isSafeInteger(charge) && charge >= 0 && charge <= amount) return charge;
  console.error(`${generation}: a charge of ${charge} of ${amount} held`);
  return charge > amount ? amount : 0;
}

/** A live hold can always be ended. */
function accepted(posted: Posted): Extract<Posted, { kind: "posted" }> {
  if (posted.kind === "posted") return posted;
  throw new Error(`ledger: ${posted.why}`);
}
