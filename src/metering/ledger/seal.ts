/** Seals a ledger's chain bit by bit: rows go to the archive as segments, and are read from there as though they were here. */
import type { SettledRow } from "../usage/row.ts";
import type { Archive } from "./archive.ts";
import type { LedgerStorage } from "./books.ts";
import type { Row } from "./chain.ts";
import type { PartAddress, Sealing } from "./segments.ts";
import { settledRowOf } from "./state.ts";
import { openTables, type Tables } from "./tables.ts";

/** Rows a part: a few megabytes. */
const PART_ROWS = 5_000;
const MOST_ROWS = 5_000;
/** Parts that one alarm writes, and as many times their rows that it takes away, so that it stays within its CPU time. */
const PARTS_AT_ONCE = 20;

export class Sealer {
  readonly #storage: LedgerStorage;
  readonly #tables: Tables;
  readonly #archive: Pick<Archive, "get" | "put">;
  readonly #most: number;
  readonly #partRows: number;
  /** The part that was read last: who pages through the chain asks for it again and again. */
  #read: { readonly address: PartAddress; readonly rows: readonly Row[] } | null = null;

  /** @param most rows after which a chain is sealed. */
  constructor(
    storage: LedgerStorage,
    archive: Pick<Archive, "get" | "put">,
    most: number,
    partRows = PART_ROWS,
  ) {
    this.#storage = storage;
    this.#tables = openTables(storage.sql);
    this.#archive = archive;
    this.#most = most;
    this.#partRows = partRows;
  }

  /**
   * Goes on for a while with the one segment that is due. It may be cut off anywhere: what was decided stays decided, a part that
   * is written again is the same part, and no row goes before all parts of its segment are there.
   */
  async work(nowMs: number): Promise<void> {
    const head = this.#tables.store.head();
    if (!head) return;
    const { segments } = this.#tables;
    const sealing = this.#storage.transactionSync(() => segments.begin(head, this.#most, nowMs));
    if (!sealing) return;
    try {
      if (sealing.state === "writing" && !(await this.#write(sealing, head.account))) return;
      for (let i = 0; i < PARTS_AT_ONCE; i++) {
        if (!this.#storage.transactionSync(() => segments.clear(sealing, this.#partRows))) return;
        await turn();
      }
    } catch (error) {
      console.error(`ledger ${head.account}: segment ${sealing.segment} waits: ${String(error)}`);
      this.#storage.transactionSync(() => segments.postpone(sealing, nowMs));
    }
  }

  /** Rows after `seq`, sealed or not, at most 5,000. */
  async entries(seq: number, limit: number): Promise<Row[]> {
    const most = Math.min(limit, MOST_ROWS);
    return this.#collect(
      seq,
      most,
      0,
      Number.POSITIVE_INFINITY,
      () => true,
      (after, left) => this.#tables.store.entries(after, left),
    );
  }

  /** Settlements and refunds posted in [fromMs, toMs), sealed or not, after `seq`, at most 5,000. */
  async settled(fromMs: number, toMs: number, seq: number, limit: number): Promise<SettledRow[]> {
    const within = ({ atMs, kind }: Row) =>
      fromMs <= atMs && atMs < toMs && (kind === "settle" || kind === "adjust");
    const most = Math.min(limit, MOST_ROWS);
    const rows = await this.#collect(seq, most, fromMs, toMs, within, (after, left) =>
      this.#tables.store.charges(fromMs, toMs, after, left),
    );
    return rows.map(settledRowOf);
  }

  /** From part to part, then what is not sealed; a part that is sealed meanwhile is simply the next one. */
  async #collect(
    seq: number,
    most: number,
    fromMs: number,
    toMs: number,
    counts: (row: Row) => boolean,
    live: (after: number, left: number) => Row[],
  ): Promise<Row[]> {
    if (!this.#tables.store.head()) return [];
    const rows: Row[] = [];
    for (let after = seq; rows.length < most; ) {
      const part = this.#tables.segments.partAfter(after, fromMs);
      if (part && part.firstMs >= toMs) break;
      if (!part) return [...rows, ...live(after, most - rows.length)];
      const found = (await this.#rowsOf(part)).filter((row) => row.seq > after && counts(row));
      rows.push(...found.slice(0, most - rows.length));
      after = part.lastSeq;
    }
    return rows;
  }

  /** Writes some parts; whether they are all there. */
  async #write(sealing: Sealing, account: string): Promise<boolean> {
    const { segments } = this.#tables;
    for (let i = 0; i < PARTS_AT_ONCE; i++) {
      const part = segments.nextPart(sealing, account, this.#partRows);
      if (!part) {
        this.#storage.transactionSync(() => segments.seal(sealing));
        return true;
      }
      await this.#archive.put(part);
      this.#storage.transactionSync(() => segments.add(part));
    }
    return false;
  }

  /** @throws Error where the archive does not hold what was written. */
  async #rowsOf(address: PartAddress): Promise<readonly Row[]> {
    const { segment, firstSeq, lastSeq, hash } = address;
    if (this.#read?.address.firstSeq === firstSeq) return this.#read.rows;
    const { account } = this.#tables.store.head()!;
    const { rows } = await this.#archive.get(account, segment, firstSeq);
    const last = rows.at(-1);
    if (last?.seq !== lastSeq || last.hash !== hash) {
      throw new Error(`ledger ${account}: segment ${segment} is not what was sealed`);
    }
    this.#read = { address, rows };
    return rows;
  }
}

/** Lets others have a turn. */
const turn = () => new Promise<void>((resolve) => setTimeout(resolve));
