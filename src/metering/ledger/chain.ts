/** The ledger's rows as a hash chain: how a row is sealed, and how a whole chain is verified. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Amounts, add, books, type Held, NOTHING, post, type Transfer } from "./transfer.ts";

/** One posted transfer; never changed once written. */
export interface Row {
  /** 1, 2, 3, ... */
  readonly seq: number;
  /** What makes it happen once: `reserve:<generation>`, `end:<generation>`, `grant:<key>`, `adjust:<key>`. */
  readonly key: string;
  readonly kind: Transfer["kind"];
  readonly generation: string | null;
  readonly atMs: number;
  readonly legs: Amounts;
  /** JSON: who asked for it, what was delivered, or an operator's words. */
  readonly note: string;
  /** The hash of the row before. */
  readonly previous: string;
  /** SHA-256 of all of the above. */
  readonly hash: string;
}

/** What a stretch of the chain builds upon. */
export interface Seal {
  readonly seq: number;
  readonly hash: string;
  readonly atMs: number;
  readonly balances: Amounts;
  /** Generations seen so far. */
  readonly generations: ReadonlyMap<string, Held>;
  /** Of grants and adjustments: a generation's own rows are known by its state. */
  readonly keys: ReadonlySet<string>;
}

export interface Finding {
  readonly seq: number;
  readonly what:
    | "sequence"
    | "hash"
    | "previous"
    | "time"
    | "unbalanced"
    | "negative_balance"
    | "ended_twice"
    | "key"
    /** The books would have refused it, or posted other legs. */
    | "transfer"
    /** A sealed part that does not fit the rows before it, or its own. */
    | "segment";
  readonly detail: string;
}

export interface Verdict {
  /** In order of the rows; empty: all is well. */
  readonly findings: readonly Finding[];
  readonly rows: number;
  /** Generations that were reserved in these rows, and those that ended in them. */
  readonly reserved: number;
  readonly settled: number;
  readonly released: number;
  /** Holds that have not ended at the end of these rows, earlier ones included. */
  readonly live: readonly string[];
  /** The sum of all books, which is zero. */
  readonly sum: number;
  /** Builds the next stretch; its balances are those after the last row. */
  readonly seal: Seal;
}

/** Before the first row: bound to the account, so that no chain passes for another's. */
export function genesis(account: string): Seal {
  const hash = bytesToHex(sha256(utf8ToBytes(`vpg-edge ledger ${account}`)));
  return { seq: 0, hash, atMs: 0, balances: NOTHING, generations: new Map(), keys: new Set() };
}

/** Adds a row's hash to it. */
export function sealRow(row: Omit<Row, "hash">): Row {
  return { ...row, hash: hashOf(row) };
}

/** SHA-256 over the row's canonical text: a JSON list in this order. */
function hashOf({ seq, key, kind, generation, atMs, legs, note, previous }: Omit<Row, "hash">): string {
  const text = JSON.stringify([
    seq,
    key,
    kind,
    generation,
    atMs,
    books.map((book) => legs[book]),
    note,
    previous,
  ]);
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/**
 * Verifies rows that follow a seal: hashes, sequence, sums, and that the books would have posted just these.
 * @param seal `genesis(account)`, or that of the rows before.
 */
export function verifyChain(rows: readonly Row[], seal: Seal): Verdict {
  const findings: Finding[] = [];
  const generations = new Map(seal.generations);
  const keys = new Set(seal.keys);
  const counts = { grant: 0, reserve: 0, settle: 0, release: 0, adjust: 0 };
  let { seq, hash, atMs, balances } = seal;
  for (const row of rows) {
    const find = (what: Finding["what"], detail: string) => findings.push({ seq: row.seq, what, detail });
    if (row.seq !== seq + 1) find("sequence", `follows ${seq}`);
    if (row.previous !== hash) find("previous", `names ${row.previous}, not ${hash}`);
    if (row.hash !== hashOf(row)) find("hash", "its content is not what was sealed");
    if (row.atMs < atMs) find("time", `${row.atMs} is before ${atMs}`);
    if (books.reduce((sum, book) => sum + row.legs[book], 0) !== 0)
      find("unbalanced", JSON.stringify(row.legs));
    if (!isItsKey(row)) find("key", `${row.key} is no key of a ${row.kind} of ${row.generation}`);
    if (keys.has(row.key)) find("key", `${row.key} was posted before`);
    if (row.kind === "grant" || row.kind === "adjust") keys.add(row.key);
    const held = row.generation === null ? null : (generations.get(row.generation) ?? null);
    const transfer = transferOf(row);
    const posting = post(balances, held, transfer);
    balances = add(balances, row.legs);
    if (Math.min(balances.available, balances.held, balances.charged) < 0) {
      find("negative_balance", JSON.stringify(balances));
    }
    if (posting.kind === "posted") {
      if (books.some((book) => posting.legs[book] !== row.legs[book]))
        find("transfer", JSON.stringify(row.legs));
      if (row.generation !== null && posting.held) generations.set(row.generation, posting.held);
    } else if (posting.why === "already_ended") find("ended_twice", row.generation!);
    else find("transfer", posting.why);
    counts[row.kind]++;
    ({ seq, hash, atMs } = row);
  }
  return {
    findings,
    rows: rows.length,
    reserved: counts.reserve,
    settled: counts.settle,
    released: counts.release,
    live: [...generations].filter(([, held]) => !held.ended).map(([generation]) => generation),
    sum: books.reduce((sum, book) => sum + balances[book], 0),
    seal: { seq, hash, atMs, balances, generations, keys },
  };
}

/** The transfer that a row claims to be. */
function transferOf({ kind, legs }: Row): Transfer {
  switch (kind) {
    case "grant":
      return { kind, amount: legs.available };
    case "reserve":
      return { kind, amount: legs.held };
    case "settle":
      return { kind, charge: legs.charged };
    case "release":
      return { kind };
    case "adjust":
      return { kind, amount: legs.available };
  }
}

function isItsKey({ key, kind, generation }: Row): boolean {
  if (kind === "grant") return generation === null && key.startsWith("grant:");
  if (kind === "adjust") return generation !== null && key.startsWith("adjust:");
  return generation !== null && key === `${kind === "reserve" ? "reserve" : "end"}:${generation}`;
}
