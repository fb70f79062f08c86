/** Audits one account's chain: every row, and that it comes to what the ledger says of itself. */
import { type Finding, genesis, type Row, type Verdict, verifyChain } from "../src/metering/ledger/chain.ts";
import type { Amounts } from "../src/metering/ledger/transfer.ts";

/** What a ledger says of itself; rows that came after `seq` are none of it. */
export interface Claim {
  readonly head: { readonly seq: number; readonly hash: string };
  readonly balance: Amounts;
}

export interface Audit {
  readonly verdict: Verdict;
  /** One sentence each; none: all is well. */
  readonly findings: readonly string[];
}

/**
 * @param rows all of the account's, from the first.
 * @param claim what they must come to; null where there are only rows.
 */
export function auditChain(account: string, rows: readonly Row[], claim: Claim | null): Audit {
  const verdict = verifyChain(rows, genesis(account));
  return {
    verdict,
    findings: [
      ...verdict.findings.map(sentence),
      ...(verdict.sum === 0 ? [] : [`the books sum to ${verdict.sum}`]),
      ...(claim ? differences(account, rows, claim) : []),
    ],
  };
}

const sentence = ({ seq, what, detail }: Finding) => `entry ${seq}: ${what.replaceAll("_", " ")}: ${detail}`;

/** Rows that were cut off at the end leave a chain that is whole, but not the one that the ledger has. */
function differences(account: string, rows: readonly Row[], { head, balance }: Claim): string[] {
  const then = verifyChain(rows.slice(0, head.seq), genesis(account)).seal;
  const { granted, available, held, charged } = then.balances;
  const counted = JSON.stringify({ granted: 0 - granted, available, held, charged });
  const claimed = JSON.stringify({
    ...{ granted: balance.granted, available: balance.available, held: balance.held },
    charged: balance.charged,
  });
  return [
    ...(then.hash === head.hash
      ? []
      : [`the ledger's head is ${head.hash} at ${head.seq}, not ${then.hash}`]),
    ...(counted === claimed ? [] : [`the ledger says ${claimed}, its entries come to ${counted}`]),
  ];
}
