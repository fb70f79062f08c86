import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { NodeStorage } from "../../../test/node-storage.ts";
import type { EndReason } from "../hold.ts";
import { type SettledRow, settledRows } from "../usage/row.ts";
import { Archive } from "./archive.ts";
import { auditLedger } from "./audit.ts";
import { AccountBooks } from "./books.ts";
import type { Row } from "./chain.ts";
import { Sealer } from "./seal.ts";
import { SEAL_ROWS } from "./segments.ts";
import type { Sql } from "./store.ts";

const ACCOUNT = "acct_a";
const START = Date.UTC(2026, 10, 24, 12);
const DAY = 24 * 60 * 60_000;
const usage = { pictures: 1, steps: 10, tokens: 680, size: "256x256" };

/** R2 in memory; the n-th put from now fails, before it has written or after. */
class Bucket {
  readonly objects = new Map<string, string>();
  failing: { after: number; written: boolean } | null = null;

  /** What somebody else does while a write is on its way. */
  meanwhile: () => void = () => undefined;

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const text = new TextDecoder().decode(bytes);
    this.meanwhile();
    const fails = this.failing !== null && this.failing.after-- <= 0;
    if (!fails || this.failing?.written) this.objects.set(key, text);
    if (!fails) return;
    this.failing = null;
    throw new Error("R2 is down");
  }

  async get(key: string) {
    const text = this.objects.get(key);
    return text === undefined ? null : { text: async () => text };
  }

  /** Two keys a page. */
  async list({ prefix, cursor = "" }: { prefix: string; cursor?: string }) {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > cursor).sort();
    const objects = keys.slice(0, 2).map((key) => ({ key }));
    return { objects, truncated: keys.length > 2, cursor: objects.at(-1)?.key };
  }
}

interface Call {
  readonly do: "grant" | "adjust" | "reserve" | "end";
  /** By default the generation, so that every reservation has an Idempotency-Key of its own. */
  readonly key?: string;
  readonly generation: string;
  readonly amount: number;
  readonly reason?: EndReason;
}

function apply(books: AccountBooks, call: Call, nowMs: number): unknown {
  const { generation, amount, key = generation, reason = "completed" } = call;
  const about = { account: ACCOUNT, generation, amount };
  switch (call.do) {
    case "grant":
      return books.grant({ account: ACCOUNT, key, amount: amount * 20, note: "" }, nowMs);
    case "adjust":
      return books.adjust({ ...about, key, note: "" }, nowMs);
    case "end":
      return books.end({ ...about, reason, charge: amount, usage }, true, nowMs);
    case "reserve": {
      const of = {
        apiKey: "key_1",
        project: "proj_1",
        model: "var-sprites",
        pictures: 1,
        bodySha256: "body",
      };
      const retry = {
        plan: `plan of ${generation}`,
        idempotencyKey: key,
        retryCount: 0,
      };
      return books.reserve({ ...about, ...of, ...retry }, null, nowMs);
    }
  }
}

/** A ledger that is sealed every so many rows, beside one of the same calls that never is. */
function open(most: number, partRows: number) {
  const storage = new NodeStorage<Sql>();
  const bucket = new Bucket();
  const archive = new Archive(bucket as unknown as R2Bucket);
  let books = new AccountBooks(storage, most);
  let sealer = new Sealer(storage, archive, most, partRows);
  const plain = new AccountBooks(new NodeStorage<Sql>());
  let nowMs = START;
  const wide = { requestsPerMinute: 1_000_000, picturesPerMinute: 1_000_000, concurrency: 1_000 };
  for (const one of [books, plain]) one.configure({ account: ACCOUNT, limits: wide }, nowMs);
  const die = () => {
    storage.dieAfter = Number.POSITIVE_INFINITY;
    bucket.failing = null;
    books = new AccountBooks(storage, most);
    sealer = new Sealer(storage, archive, most, partRows);
  };
  return {
    ...{ storage, bucket, archive, plain, die },
    get books() {
      return books;
    },
    get sealer() {
      return sealer;
    },
    pass: (ms: number) => {
      nowMs += ms;
      return nowMs;
    },
    /** Answers alike, sealed or not. */
    call: (call: Call) => expect(apply(books, call, nowMs)).toEqual(apply(plain, call, nowMs)),
    seal: () => sealer.work(nowMs),
    /** Until there is nothing left to seal. */
    sealAll: async () => {
      const standing = () => storage.count("seals") + storage.count("seals WHERE state = 'done'");
      for (let before = -1; before !== standing() || storage.count("seals WHERE state <> 'done'") > 0; ) {
        before = standing();
        nowMs += 60 * 60_000;
        await sealer.work(nowMs);
      }
    },
    audit: async () => {
      const audit = await auditLedger(ACCOUNT, archive.walk(ACCOUNT), pages(sealer));
      expect(audit.findings).toEqual([]);
      expect(audit.seal).toMatchObject(plain.state(nowMs)?.head ?? {});
      return audit;
    },
    /** Sealed or not, the ledger says the same of itself as the one that never was. */
    compare: async () => {
      expect(await all(pages(sealer))).toEqual(plain.entries(0, 5_000));
      expect(books.state(nowMs)).toEqual(plain.state(nowMs));
      const listed = plain.generations(null, 100);
      expect(books.generations(null, 100)).toEqual(listed);
      for (const { generation } of listed) {
        expect(books.ended(generation)).toEqual(plain.ended(generation));
      }
      const limit = 3;
      for (const [from, to] of [
        [START, START + 400 * DAY],
        [START + 3 * DAY, START + 40 * DAY],
      ] as const) {
        const page = (_: string, ...asked: [number, number, number, number]) =>
          sealer.settled(asked[0], asked[1], asked[2], limit);
        const found: SettledRow[] = [];
        for await (const row of settledRows(page, ACCOUNT, from, to)) found.push(row);
        expect(found).toEqual(plain.settled(from, to, 0, 5_000));
      }
    },
  };
}

/** All rows, seven at a time, as the API pages through them. */
async function* pages(sealer: Sealer): AsyncGenerator<Row[]> {
  for (let after = 0; ; ) {
    const rows = await sealer.entries(after, 7);
    yield rows;
    if (rows.length < 7) return;
    after = rows.at(-1)!.seq;
  }
}

async function all(from: AsyncIterable<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of from) rows.push(...page);
  return rows;
}

/** Grants credit, then reserves and ends so many generations: 1 + 2 n rows. */
function fill(ledger: ReturnType<typeof open>, generations: number, from = 0): void {
  ledger.call({ do: "grant", key: `first ${from}`, generation: "", amount: 1_000 });
  for (let i = from; i < from + generations; i++) {
    const about = { generation: `gen_${i}`, amount: 10 };
    ledger.call({ do: "reserve", ...about });
    ledger.call({ do: "end", ...about });
    ledger.pass(DAY);
  }
}

afterEach(() => vi.restoreAllMocks());

describe("a ledger that is sealed", () => {
  const generation = fc.integer({ min: 0, max: 40 }).map((i) => `gen_${i}`);
  const reason = fc.constantFrom<EndReason>("completed", "cancelled", "failed", "void");
  const call = fc.record({
    do: fc.constantFrom<Call["do"]>("grant", "reserve", "reserve", "end", "end", "adjust"),
    key: fc.constantFrom("k", "l", "m", "n"),
    generation,
    amount: fc.integer({ min: 1, max: 9 }),
    reason,
  });
  /** What happens to the sealing after a call: nothing, it goes on, is read meanwhile, or cut off at a statement or write. */
  const then = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: "none" as const }) },
    { weight: 3, arbitrary: fc.constant({ kind: "seal" as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: "read" as const }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("die" as const), after: fc.nat(40) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("r2" as const), after: fc.nat(3), written: fc.boolean() }),
    },
  );
  const step = fc.record({ call, meanwhile: call, then, pass: fc.constantFrom(0, 0, 1_000, DAY, 9 * DAY) });

  it("says the same as one that never is, whatever cuts the sealing off, and every segment verifies", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    let most = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 50 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, sealRows, partRows) => {
          const ledger = open(sealRows, partRows);
          ledger.call({ do: "grant", key: "first", generation: "", amount: 50 });
          for (const { call, meanwhile, then, pass } of steps) {
            ledger.call(call);
            ledger.pass(pass);
            if (then.kind === "none") continue;
            if (then.kind === "read") {
              await Promise.all([ledger.seal(), ledger.compare()]);
              continue;
            }
            if (then.kind === "die") ledger.storage.dieAfter = then.after;
            else ledger.bucket.meanwhile = () => ledger.call(meanwhile);
            if (then.kind === "r2") ledger.bucket.failing = then;
            await ledger.seal().catch((error: unknown) => expect(String(error)).toContain("died"));
            ledger.bucket.meanwhile = () => undefined;
            if (then.kind === "die") ledger.die();
            if (then.kind !== "seal") await ledger.compare();
          }
          ledger.die();
          await ledger.sealAll();
          await ledger.compare();
          most = Math.max(most, (await ledger.audit()).segments);
        },
      ),
      { numRuns: 25 },
    );
    expect(most).toBeGreaterThan(3);
  }, 90_000);

  it("at 50 rows lets go of all but grants and refunds, again and again, and still knows every key", async () => {
    const ledger = open(50, 20);
    for (let round = 0; round < 4; round++) {
      fill(ledger, 40, round * 40);
      ledger.call({ do: "adjust", key: `sorry ${round}`, generation: `gen_${round * 40}`, amount: 3 });
      await ledger.sealAll();
    }
    const { segments, rows, seal } = await ledger.audit();
    expect(rows).toBe(4 * 82);
    expect(segments).toBeGreaterThan(5);
    expect(ledger.storage.count("rows WHERE kind NOT IN ('grant', 'adjust')")).toBeLessThan(50);
    expect(0 - seal.balances.granted).toBe(80_000);
    // Whatever is said again is known, though its row was sealed long ago.
    for (const [key, generation, amount] of [
      ["first 0", "", 1_000],
      ["first 40", "", 1_000],
    ] as const) {
      ledger.call({ do: "grant", key, generation, amount });
    }
    ledger.call({ do: "adjust", key: "sorry 0", generation: "gen_0", amount: 3 });
    ledger.call({ do: "adjust", key: "too much", generation: "gen_0", amount: 8 });
    ledger.call({ do: "end", generation: "gen_1", amount: 9 });
    await ledger.compare();
    expect((await ledger.audit()).rows).toBe(4 * 82);
  });
});

describe("a seal", () => {
  it("comes at a month's end, of that month's rows, and the next segment begins with its hash and balances", async () => {
    const ledger = open(SEAL_ROWS, 1_000);
    fill(ledger, 10);
    expect(ledger.pass(0)).toBe(Date.UTC(2026, 11, 4, 12));
    await ledger.seal();
    const [november] = await collected(ledger.archive.walk(ACCOUNT));
    expect(november).toMatchObject({ segment: 1, last: true, begins: { seq: 0 } });
    const months = new Set(november!.rows.map(({ atMs }) => new Date(atMs).getUTCMonth()));
    expect(months).toEqual(new Set([10]));
    const [next] = await ledger.sealer.entries(november!.ends.seq, 1);
    expect(next).toMatchObject({ seq: november!.ends.seq + 1, previous: november!.ends.hash });
    expect(new Date(next!.atMs).getUTCMonth()).toBe(11);
    ledger.pass(40 * DAY);
    await ledger.seal();
    const [, december] = await collected(ledger.archive.walk(ACCOUNT));
    expect(december!.begins).toEqual(november!.ends);
    await ledger.audit();
  });

  it("is not due while nothing was posted, and within six hours of a month's end once something was", () => {
    const ledger = open(SEAL_ROWS, 1_000);
    expect(ledger.books.nextDueMs()).toBeNull();
    ledger.call({ do: "grant", key: "k", generation: "", amount: 1 });
    const late = ledger.books.nextDueMs()! - Date.UTC(2026, 11);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(6 * 60 * 60_000);
  });

  it("comes to an account too that was made before there were seals", async () => {
    const ledger = open(10, 4);
    fill(ledger, 10);
    for (const table of ["seals", "parts"]) ledger.storage.sql.exec(`DROP TABLE ${table}`);
    for (const column of ["pictures", "usage"]) {
      ledger.storage.sql.exec(`ALTER TABLE holds DROP COLUMN ${column}`);
    }
    ledger.die();
    await ledger.sealAll();
    await ledger.compare();
    expect((await ledger.audit()).segments).toBe(2);
  });

  it("waits longer each time while R2 is down, and no row goes meanwhile", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const ledger = open(10, 4);
    fill(ledger, 10);
    const rows = ledger.storage.count("rows");
    for (const wait of [10_000, 20_000, 40_000]) {
      ledger.bucket.failing = { after: 0, written: false };
      const nowMs = ledger.pass(0);
      await ledger.seal();
      const due = ledger.storage.count(`seals WHERE due_ms = ${nowMs + wait}`);
      expect([due, ledger.storage.count("rows")]).toEqual([1, rows]);
      await ledger.seal();
      expect(ledger.bucket.objects.size).toBe(0);
      ledger.pass(wait);
    }
    await ledger.sealAll();
    expect((await ledger.audit()).segments).toBe(2);
  });
});

describe("an audit of sealed segments", () => {
  async function sealed() {
    const ledger = open(10, 4);
    fill(ledger, 12);
    await ledger.sealAll();
    return ledger;
  }
  const audited = (ledger: ReturnType<typeof open>) =>
    auditLedger(ACCOUNT, ledger.archive.walk(ACCOUNT), (async function* () {})());

  it.each([
    ["a row's words", (text: string) => text.replace('"pictures\\":1', '"pictures\\":2')],
    ["where a part begins", (text: string) => text.replace(/"granted":-?\d+/, '"granted":-1')],
    ["a row that is missing", (text: string) => text.replace(/\n\{"seq".*\n/, "\n")],
    ["the account", (text: string) => text.replace(ACCOUNT, "acct_b")],
  ])("finds %s changed", async (_what, change) => {
    const ledger = await sealed();
    expect((await audited(ledger)).findings).toEqual([]);
    const [key, text] = [...ledger.bucket.objects][1]!;
    expect(change(text)).not.toBe(text);
    ledger.bucket.objects.set(key, change(text));
    expect((await audited(ledger)).findings.length).toBeGreaterThan(0);
  });

  it("finds a part that is gone, and the ledger does not answer without it", async () => {
    const ledger = await sealed();
    ledger.bucket.objects.delete([...ledger.bucket.objects.keys()][1]!);
    expect((await audited(ledger)).findings).toContainEqual(expect.objectContaining({ what: "segment" }));
    await expect(all(pages(ledger.sealer))).rejects.toThrow("there is no");
  });

  it("is refused by a ledger whose part was put in the place of another", async () => {
    const ledger = await sealed();
    const [one, other] = [...ledger.bucket.objects.keys()];
    ledger.bucket.objects.set(one!, ledger.bucket.objects.get(other!)!);
    await expect(ledger.sealer.entries(0, 10)).rejects.toThrow("not what was sealed");
  });
});

async function collected<Item>(from: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of from) items.push(item);
  return items;
}
