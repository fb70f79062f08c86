/** The audit of a whole run: every account's chain, every generation's record and receipt, and what clients were told. */
import { auditChain, type Claim } from "../../scripts/audit-chain.ts";
import { entriesOf } from "../../scripts/entries.ts";
import type { Row } from "../../src/metering/ledger/chain.ts";
import type { PublicKeys } from "../../src/metering/receipt/sign.ts";
import type { Party } from "./accounts.ts";
import { auditGeneration, type Ended } from "./audit-generation.ts";
import { auditSeen } from "./audit-seen.ts";
import type { Seen } from "./seen.ts";
import type { Server } from "./server.ts";

export interface Report {
  readonly entries: number;
  /** Generations whose price was held, and how they ended. */
  readonly reserved: number;
  readonly settled: number;
  readonly released: number;
  readonly charged: number;
  /** Generations by the reason of their end. */
  readonly ends: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

const RECEIPTS_WITHIN_MS = 60_000;

/** Audits every account, once nothing is held any more or will ever be let go. */
export async function auditRun(
  server: Server,
  parties: readonly Party[],
  seen: readonly Seen[],
): Promise<Report> {
  const keys = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as PublicKeys;
  const untilMs = Date.now() + RECEIPTS_WITHIN_MS;
  const report = { entries: 0, reserved: 0, settled: 0, released: 0, charged: 0 };
  const all: string[] = [];
  const reasons: string[] = [];
  for (const party of parties) {
    const { ledger } = await server.operator.call<{ ledger: Claim }>("GET", `/accounts/${party.account}`);
    const rows = await entriesOf(server.operator, party.account);
    const { verdict, findings } = auditChain(party.account, rows, ledger);
    const ends = endsOf(rows);
    const found = [...findings, ...countedFindings(rows, verdict.live)];
    const own = seen.filter(({ account }) => account === party.account);
    const context = { server, party, keys, untilMs, seen: own };
    for (const end of ends) found.push(...(await auditGeneration(end, context)));
    found.push(...auditSeen(own, new Map(ends.map((end) => [end.generation, end]))));
    report.entries += rows.length;
    report.reserved += verdict.reserved;
    report.settled += verdict.settled;
    report.released += verdict.released;
    report.charged += verdict.seal.balances.charged;
    reasons.push(...ends.map(({ reason }) => reason));
    all.push(...found.map((finding) => `${party.account}: ${finding}`));
  }
  return { ...report, ends: countOf(reasons), findings: all };
}

/** How often each word stands there. */
export function countOf(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** Counts as words: `3 timeout, 1 cold`. */
export const listed = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([what, times]) => `${times} ${what}`)
    .join(", ");

/** The same sums once more, without the ledger's own code: an error in that must not hide itself. */
export function countedFindings(rows: readonly Row[], live: readonly string[]): string[] {
  const found = live.map((generation) => `${generation} is held for ever`);
  let [available, held, sum] = [0, 0, 0];
  const ends = new Map<string, number>();
  for (const { seq, kind, generation, legs } of rows) {
    available += legs.available;
    held += legs.held;
    sum += legs.granted + legs.available + legs.held + legs.charged;
    if (available < 0 || held < 0) found.push(`after entry ${seq}: ${available} available, ${held} held`);
    if (sum !== 0) found.push(`after entry ${seq} the books sum to ${sum}`);
    if (kind === "reserve") ends.set(generation!, 0);
    if (kind === "settle" || kind === "release") ends.set(generation!, ends.get(generation!)! + 1);
  }
  for (const [generation, times] of ends) {
    if (times !== 1) found.push(`${generation} was settled or released ${times} times`);
  }
  return found;
}

/** How each generation ended, by its last row. */
export function endsOf(rows: readonly Row[]): Ended[] {
  const held = new Map(
    rows.filter(({ kind }) => kind === "reserve").map((row) => [row.generation, row.legs.held]),
  );
  return rows
    .filter(({ kind }) => kind === "settle" || kind === "release")
    .map(({ generation, legs, note }) => ({
      generation: generation!,
      reason: (JSON.parse(note) as Pick<Ended, "reason">).reason,
      held: held.get(generation) ?? 0,
      charge: legs.charged,
    }));
}
