import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { genesis, type Row, sealRow, verifyChain } from "./chain.ts";
import { type Amounts, NOTHING } from "./transfer.ts";

type Draft = Pick<Row, "key" | "kind" | "generation"> & { legs: Partial<Amounts> };

/** Rows as the ledger would seal them, whatever they say. */
function chain(drafts: readonly Draft[], account = "acct_a"): Row[] {
  const rows: Row[] = [];
  for (const [i, { legs, ...draft }] of drafts.entries()) {
    const previous = rows.at(-1)?.hash ?? genesis(account).hash;
    rows.push(
      sealRow({ ...draft, seq: i + 1, atMs: 1_000 + i, legs: { ...NOTHING, ...legs }, note: "{}", previous }),
    );
  }
  return rows;
}

const drafts: Draft[] = [
  { key: "grant:1", kind: "grant", generation: null, legs: { granted: -100, available: 100 } },
  { key: "reserve:g", kind: "reserve", generation: "g", legs: { available: -30, held: 30 } },
  { key: "reserve:h", kind: "reserve", generation: "h", legs: { available: -40, held: 40 } },
  { key: "reserve:i", kind: "reserve", generation: "i", legs: { available: -5, held: 5 } },
  { key: "end:g", kind: "settle", generation: "g", legs: { held: -30, charged: 20, available: 10 } },
  { key: "end:h", kind: "release", generation: "h", legs: { held: -40, available: 40 } },
  { key: "adjust:1", kind: "adjust", generation: "g", legs: { charged: -20, available: 20 } },
];
const verify = (rows: readonly Row[]) => verifyChain(rows, genesis("acct_a"));
const first = (rows: readonly Row[]) => verify(rows).findings[0];

describe("verifyChain", () => {
  it("finds nothing in a good chain, and says what it came to", () => {
    expect(verify(chain(drafts))).toMatchObject({
      findings: [],
      rows: 7,
      reserved: 3,
      settled: 1,
      released: 1,
      live: ["i"],
      sum: 0,
      seal: { seq: 7, balances: { granted: -100, available: 95, held: 5, charged: 0 } },
    });
  });

  it("comes to the same in stretches, each upon the seal of the one before", () => {
    const rows = chain(drafts);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: rows.length }), (at) => {
        const { seal, findings } = verify(rows.slice(0, at));
        const rest = verifyChain(rows.slice(at), seal);
        expect([...findings, ...rest.findings]).toEqual([]);
        expect(rest.seal).toEqual(verify(rows).seal);
        expect(rest.live).toEqual(["i"]);
      }),
    );
  });

  it("names the row whose content was changed, whatever was changed in it", () => {
    const rows = chain(drafts);
    const changes: Partial<Row>[] = [
      { note: '{"x":1}' },
      { atMs: 1_000_000 },
      { key: "other" },
      { generation: "z" },
      { legs: { granted: -1, available: 1, held: 0, charged: 0 } },
      { previous: "0" },
      { kind: "release" },
    ];
    for (const at of rows.keys()) {
      for (const change of changes) {
        const forged = rows.with(at, { ...rows[at]!, ...change });
        if (JSON.stringify(forged) === JSON.stringify(rows)) continue;
        expect(first(forged)?.seq).toBe(at + 1);
        expect(verify(forged).findings).toContainEqual(
          expect.objectContaining({ seq: at + 1, what: "hash" }),
        );
      }
    }
  });

  it("names the row after one that was taken out, and one that was sealed anew", () => {
    const rows = chain(drafts);
    expect(first(rows.toSpliced(2, 1))).toMatchObject({ seq: 4, what: "sequence" });
    const { hash: _, ...changed } = { ...rows[1]!, note: '{"x":1}' };
    expect(first(rows.with(1, sealRow(changed)))).toMatchObject({ seq: 3, what: "previous" });
  });

  it("refuses another account's chain", () => {
    expect(first(chain(drafts, "acct_b"))).toMatchObject({ seq: 1, what: "previous" });
  });

  const forged: [string, Draft, string][] = [
    ["legs that do not sum to zero", { ...drafts[0]!, key: "grant:2", legs: { available: 7 } }, "unbalanced"],
    [
      "a balance below zero",
      { key: "reserve:j", kind: "reserve", generation: "j", legs: { available: -96, held: 96 } },
      "negative_balance",
    ],
    ["a generation that ended twice", { ...drafts[5]!, generation: "g", key: "end:g" }, "ended_twice"],
    ["a grant posted twice", drafts[0]!, "key"],
    [
      "a refund above the charge",
      { ...drafts[6]!, key: "adjust:2", legs: { charged: -1, available: 1 } },
      "transfer",
    ],
    [
      "an end that keeps a part for nobody",
      { key: "end:i", kind: "release", generation: "i", legs: { held: -4, available: 4 } },
      "transfer",
    ],
    [
      "a key that is not its own",
      { key: "end:g", kind: "release", generation: "i", legs: { held: -5, available: 5 } },
      "key",
    ],
  ];
  it.each(forged)("finds %s, though it was sealed well", (_what, draft, what) => {
    const { findings } = verify(chain([...drafts, draft]));
    expect(findings).toContainEqual(expect.objectContaining({ seq: 8, what }));
    expect(new Set(findings.map(({ seq }) => seq))).toEqual(new Set([8]));
  });

  it("finds time going back", () => {
    const rows = chain(drafts);
    const { hash: _, ...early } = { ...rows[6]!, atMs: 1 };
    expect(first(rows.with(6, sealRow(early)))).toMatchObject({ seq: 7, what: "time" });
  });
});
