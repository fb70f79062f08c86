/** What a usage report is made of: settlements as the account's ledger gives them, a page at a time. */
import type { SettledUsage } from "../hold.ts";

/** One settlement, or a refund. */
export interface SettledRow {
  /** The ledger's own order. */
  readonly seq: number;
  readonly generation: string;
  readonly apiKey: string;
  readonly project: string;
  readonly model: string;
  /** Micro-credits; negative where they were given back. */
  readonly charge: number;
  readonly atMs: number;
  /** Null: a refund, with which nothing was delivered. */
  readonly usage: SettledUsage | null;
}

/** Rows of an account with `fromMs <= atMs < toMs` and `seq > afterSeq`, by `seq`, at most `limit`. */
export type SettledPage = (
  account: string,
  fromMs: number,
  toMs: number,
  afterSeq: number,
  limit: number,
) => Promise<readonly SettledRow[]>;

/** Rows asked for at a time: a few hundred kB; the ledger may give fewer. */
const PAGE = 1_000;

/** All rows of a time, page after page until one is empty, so that a busy month is never held whole. */
export async function* settledRows(
  page: SettledPage,
  account: string,
  fromMs: number,
  toMs: number,
): AsyncGenerator<SettledRow, void> {
  let after = 0;
  for (;;) {
    const rows = await page(account, fromMs, toMs, after, PAGE);
    const last = rows.at(-1);
    if (!last) return;
    yield* rows;
    after = last.seq;
  }
}
