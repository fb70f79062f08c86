/** A sealed stretch of the chain as text: parts in NDJSON, each with where the chain stood before and after it. */
import { z } from "zod";
import type { Row, Seal } from "./chain.ts";
import { add } from "./transfer.ts";

/** Where a chain stands: what the next row builds upon. */
export type Stand = Pick<Seal, "seq" | "hash" | "atMs" | "balances">;

/** Rows that follow each other; a segment is one part or several. */
export interface Part {
  readonly account: string;
  /** 1, 2, 3, ... */
  readonly segment: number;
  readonly begins: Stand;
  readonly rows: readonly Row[];
  readonly ends: Stand;
  /** Whether it is its segment's last, so that `ends` is the seal. */
  readonly last: boolean;
}

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const amounts = z.strictObject({ granted: z.int(), available: z.int(), held: z.int(), charged: z.int() });
const stand = z.strictObject({ seq: z.int().min(0), hash, atMs: z.int(), balances: amounts });
const count = z.int().min(1);

const head = z.strictObject({
  object: z.literal("ledger_part"),
  account: z.string(),
  segment: count,
  begins: stand,
});
const foot = z.strictObject({ object: z.literal("ledger_part_end"), ends: stand, last: z.boolean() });
const row = z.strictObject({
  seq: count,
  key: z.string(),
  kind: z.enum(["grant", "reserve", "settle", "release", "adjust"]),
  generation: z.string().nullable(),
  atMs: z.int(),
  legs: amounts,
  note: z.string(),
  previous: hash,
  hash,
});

/** Keys in the order of segments and parts. */
export const partKey = (account: string, segment: number, firstSeq: number): string =>
  `${partsPrefix(account)}${padded(segment, 6)}/${padded(firstSeq, 12)}.ndjson`;

export const partsPrefix = (account: string): string => `ledgers/${account}/`;

/** Where the chain stands after rows that follow a stand. */
export function standAfter(begins: Stand, rows: readonly Row[]): Stand {
  return rows.reduce<Stand>(
    ({ balances }, { seq, hash, atMs, legs }) => ({ seq, hash, atMs, balances: add(balances, legs) }),
    begins,
  );
}

export function encodePart({ account, segment, begins, rows, ends, last }: Part): string {
  const lines = [
    { object: "ledger_part", account, segment, begins },
    ...rows,
    { object: "ledger_part_end", ends, last },
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** @throws Error for what is no part. */
export function decodePart(text: string): Part {
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  const { account, segment, begins } = head.parse(lines[0]);
  const { ends, last } = foot.parse(lines.at(-1));
  return { account, segment, begins, rows: z.array(row).parse(lines.slice(1, -1)), ends, last };
}

const padded = (value: number, digits: number) => `${value}`.padStart(digits, "0");
