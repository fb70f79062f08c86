import { describe, expect, it } from "vitest";
import { randomOf } from "../random.ts";
import { absentFindings } from "./audit-absent.ts";
import type { Ended } from "./audit-generation.ts";
import { auditSeen } from "./audit-seen.ts";
import { errandOf } from "./errand.ts";
import { nothingSeen, type Outcome, type Seen } from "./seen.ts";

const served = (generation: string, price = 100, pictures = ["a"]): Outcome => ({
  ...{ kind: "served", generation, price, pictures },
});
const told = (code: string, generation: string): Outcome => ({
  ...{ kind: "refused", generation, status: 503, code },
});

/** What the audit finds where one client was told this, and the ledger holds one generation with this end. */
function findings(
  change: Partial<Seen>,
  end: Partial<Ended> = {},
  idempotencyKey: string | null = null,
): string[] {
  const errand = { ...errandOf(randomOf(1), 0, 1), idempotencyKey };
  const seen = { ...nothingSeen(errand, "acct_1"), ...change };
  const ended: Ended = { generation: "gen_1", reason: "completed", held: 100, charge: 100, ...end };
  const other: Ended = { generation: "gen_2", reason: "completed", held: 100, charge: 100 };
  const another = nothingSeen(errand, "acct_1");
  return auditSeen([seen, another], new Map([ended, other].map((one) => [one.generation, one])));
}

it("finds more charges than there were clients", () => {
  const ended: Ended = { generation: "gen_1", reason: "completed", held: 100, charge: 100 };
  expect(auditSeen([], new Map([["gen_1", ended]]))).toEqual(["1 generations were charged, 0 were meant"]);
});

it("finds a charge for what was finished after a kill, for a client that never came back", () => {
  const errand = { ...errandOf(randomOf(1), 0, 1), idempotencyKey: null, isAlone: true };
  const outcomes: Outcome[] = [{ kind: "broken", generation: "gen_1" }];
  const seen = { ...nothingSeen(errand, "acct_1"), outcomes, lastAskedMs: 1_000 };
  const ended: Ended = { generation: "gen_1", reason: "completed", held: 100, charge: 100 };
  const kills = [{ beforeMs: 2_000, afterMs: 2_100 }];
  expect(absentFindings(ended, [1_500, 2_500], [seen], kills)).toHaveLength(1);
  expect(absentFindings({ ...ended, reason: "unattended" }, [1_500, 2_500], [seen], kills)).toEqual([]);
  expect(absentFindings(ended, [1_500, 1_900], [seen], kills)).toEqual([]);
  expect(absentFindings(ended, [1_500, 2_500], [{ ...seen, lastAskedMs: 2_200 }], kills)).toEqual([]);
});

describe("the audit of what clients were told", () => {
  it("finds nothing where all agrees", () => {
    expect(findings({ outcomes: [served("gen_1")], quotes: [100] })).toEqual([]);
    expect(findings({ outcomes: [told("no_capacity", "gen_1")] }, { reason: "failed", charge: 0 })).toEqual(
      [],
    );
    expect(findings({ cancelled: new Map([["gen_1", "cancelled"]]) }, { reason: "cancelled" })).toEqual([]);
    expect(findings({ outcomes: [served("gen_1"), served("gen_1")] }, {}, "a key")).toEqual([]);
  });

  it.each<[string, string[]]>([
    [
      "served and not charged",
      findings({ outcomes: [served("gen_1")] }, { reason: "unattended", charge: 0 }),
    ],
    ["served and unknown to the ledger", findings({ outcomes: [served("gen_3")] })],
    ["charged another price", findings({ outcomes: [served("gen_1")] }, { charge: 99 })],
    ["quoted another price", findings({ outcomes: [served("gen_1")], quotes: [99] })],
    ["failed and charged", findings({ outcomes: [told("no_capacity", "gen_1")] })],
    ["cancelled, and then completed", findings({ cancelled: new Map([["gen_1", "cancelled"]]) })],
    ["left running by a cancellation", findings({ cancelled: new Map([["gen_1", "stopped"]]) })],
    ["charged twice under one key", findings({ outcomes: [served("gen_1"), served("gen_2")] }, {}, "a key")],
    [
      "answered differently under one key",
      findings({ outcomes: [served("gen_1"), served("gen_1", 100, ["b"])] }, {}, "a key"),
    ],
    ["told what no server should say", findings({ problems: ["500 internal_error"] })],
  ])("finds a client that was %s", (_what, found) => {
    expect(found.length).toBeGreaterThan(0);
  });
});
