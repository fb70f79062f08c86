/** Money as pure transfers between four books: every refusal first, then a line after which nothing can fail. */

export const books = ["granted", "available", "held", "charged"] as const;
export type Book = (typeof books)[number];

/**
 * Micro-credits of each book, whole numbers.
 * As balances only `granted` is below zero, being where credit comes from; as legs they sum to zero.
 */
export type Amounts = Readonly<Record<Book, number>>;

/** What the books know of one generation. */
export interface Held {
  readonly amount: number;
  readonly ended: boolean;
  /** 0 until it has ended, and where it was released. */
  readonly charge: number;
  /** In sum never above the charge. */
  readonly refunded: number;
}

export type Transfer =
  | { readonly kind: "grant"; readonly amount: number }
  | { readonly kind: "reserve"; readonly amount: number }
  /** Charges a part of what is held, 0 to all of it, and gives the rest back. */
  | { readonly kind: "settle"; readonly charge: number }
  | { readonly kind: "release" }
  /** Gives back a part of what was charged. */
  | { readonly kind: "adjust"; readonly amount: number };

export type TransferRefusal =
  | "invalid_amount"
  | "balance_too_large"
  | "already_held"
  | "insufficient_credit"
  | "unknown_generation"
  | "already_ended"
  | "above_hold"
  | "not_ended"
  | "above_charge";

export type Posting =
  | {
      readonly kind: "posted";
      readonly legs: Amounts;
      readonly balances: Amounts;
      /** The generation's part afterwards; null for a grant. */
      readonly held: Held | null;
    }
  | { readonly kind: "refused"; readonly why: TransferRefusal };

export const NOTHING: Amounts = { granted: 0, available: 0, held: 0, charged: 0 };

/**
 * Posts one transfer.
 * @param held what the books know of the transfer's generation; null: nothing, or a grant.
 */
export function post(balances: Amounts, held: Held | null, transfer: Transfer): Posting {
  const why = refusalOf(balances, held, transfer);
  if (why !== null) return { kind: "refused", why };
  // From here on nothing can fail.
  const legs = { ...NOTHING, ...legsOf(held, transfer) };
  return { kind: "posted", legs, balances: add(balances, legs), held: heldAfter(held, transfer) };
}

/** Sums book by book. */
export function add(one: Amounts, other: Amounts): Amounts {
  return {
    granted: one.granted + other.granted,
    available: one.available + other.available,
    held: one.held + other.held,
    charged: one.charged + other.charged,
  };
}

function refusalOf(balances: Amounts, held: Held | null, transfer: Transfer): TransferRefusal | null {
  switch (transfer.kind) {
    case "grant":
      if (!isPositive(transfer.amount)) return "invalid_amount";
      return Number.isSafeInteger(balances.granted - transfer.amount) ? null : "balance_too_large";
    case "reserve":
      if (!isPositive(transfer.amount)) return "invalid_amount";
      if (held) return "already_held";
      return transfer.amount > balances.available ? "insufficient_credit" : null;
    case "settle":
      if (!held) return "unknown_generation";
      if (held.ended) return "already_ended";
      if (transfer.charge !== 0 && !isPositive(transfer.charge)) return "invalid_amount";
      return transfer.charge > held.amount ? "above_hold" : null;
    case "release":
      if (!held) return "unknown_generation";
      return held.ended ? "already_ended" : null;
    case "adjust":
      if (!isPositive(transfer.amount)) return "invalid_amount";
      if (!held) return "unknown_generation";
      if (!held.ended) return "not_ended";
      return held.refunded + transfer.amount > held.charge ? "above_charge" : null;
  }
}

/** The legs that are not zero. A hold is known wherever one is needed: its absence was refused. */
function legsOf(held: Held | null, transfer: Transfer): Partial<Amounts> {
  switch (transfer.kind) {
    case "grant":
      return { granted: -transfer.amount, available: transfer.amount };
    case "reserve":
      return { available: -transfer.amount, held: transfer.amount };
    case "settle":
      return { held: -held!.amount, charged: transfer.charge, available: held!.amount - transfer.charge };
    case "release":
      return { held: -held!.amount, available: held!.amount };
    case "adjust":
      return { charged: -transfer.amount, available: transfer.amount };
  }
}

function heldAfter(held: Held | null, transfer: Transfer): Held | null {
  switch (transfer.kind) {
    case "grant":
      return null;
    case "reserve":
      return { amount: transfer.amount, ended: false, charge: 0, refunded: 0 };
    case "settle":
      return { ...held!, ended: true, charge: transfer.charge };
    case "release":
      return { ...held!, ended: true };
    case "adjust":
      return { ...held!, refunded: held!.refunded + transfer.amount };
  }
}

const isPositive = (amount: number) => Number.isSafeInteger(amount) && amount > 0;
