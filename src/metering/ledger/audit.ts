/** Verifies an account's whole chain: every sealed segment, in order, then the rows that are not sealed. */
import { type Finding, genesis, type Row, type Verdict, verifyChain } from "./chain.ts";
import { type Part, type Stand, standAfter } from "./segment.ts";
import { books } from "./transfer.ts";

/** Of all rows, wherever they are. */
export interface Audit extends Verdict {
  readonly segments: number;
}

/**
 * Walks all segments and what follows them. Each part must begin where the one before ended, and say where it ends.
 * @param parts of all segments, in order.
 * @param live the rows after the last segment, in order; sealed ones before them are left out.
 */
export async function auditLedger(
  account: string,
  parts: AsyncIterable<Part>,
  live: AsyncIterable<readonly Row[]>,
): Promise<Audit> {
  let audit: Audit = {
    ...{ findings: [], segments: 0, rows: 0, reserved: 0, settled: 0, released: 0, live: [], sum: 0 },
    seal: genesis(account),
  };
  for await (const part of parts) {
    const { seal } = audit;
    const wrong: Finding[] = [];
    const find = (detail: string) => wrong.push({ seq: part.begins.seq + 1, what: "segment", detail });
    if (part.account !== account) find(`is of ${part.account}`);
    if (!isSame(part.begins, seal)) find("does not begin where the rows before it end");
    if (!isSame(part.ends, standAfter(part.begins, part.rows))) find("does not end where it says");
    const segments = audit.segments + (part.last ? 1 : 0);
    if (part.segment !== audit.segments + 1) find(`is of segment ${part.segment}, not ${audit.segments + 1}`);
    audit = extend(audit, part.rows, wrong, segments);
  }
  for await (const rows of live) {
    const { seq } = audit.seal;
    audit = extend(
      audit,
      rows.filter((row) => row.seq > seq),
      [],
      audit.segments,
    );
  }
  return audit;
}

function extend(audit: Audit, rows: readonly Row[], wrong: readonly Finding[], segments: number): Audit {
  const verdict = verifyChain(rows, audit.seal);
  return {
    findings: [...audit.findings, ...wrong, ...verdict.findings],
    segments,
    rows: audit.rows + verdict.rows,
    reserved: audit.reserved + verdict.reserved,
    settled: audit.settled + verdict.settled,
    released: audit.released + verdict.released,
    live: verdict.live,
    sum: verdict.sum,
    seal: verdict.seal,
  };
}

const isSame = (one: Stand, other: Stand): boolean =>
  one.seq === other.seq &&
  one.hash === other.hash &&
  one.atMs === other.atMs &&
  books.every((book) => one.balances[book] === other.balances[book]);
