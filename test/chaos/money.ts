/** The books after a run: every generation held once and settled once, at the price that its caller was told. */
import { auditChain, type Claim } from "../../scripts/audit-chain.ts";
import { entriesOf } from "../../scripts/entries.ts";
import type { Outcome } from "./asking/fulfilment.ts";
import type { Edge } from "./endpoints/edge.ts";

const SETTLED_WITHIN_MS = 30_000;

/** @returns a sentence about each thing that is wrong. */
export async function auditMoney(edge: Edge, outcomes: readonly Outcome[]): Promise<string[]> {
  const { operator, account } = edge;
  const late = Date.now() + SETTLED_WITHIN_MS;
  const claim = async () => (await operator.call<{ ledger: Claim }>("GET", `/accounts/${account}`)).ledger;
  while ((await claim()).balance.held > 0 && Date.now() < late)
    await new Promise((again) => setTimeout(again, 200));
  const ledger = await claim();
  const rows = await entriesOf(operator, account);
  const findings = [...auditChain(account, rows, ledger).findings];
  if (ledger.balance.held > 0) findings.push(`${ledger.balance.held} micro-credits are held for ever`);
  const told = outcomes.flatMap((outcome) => outcome.told ?? []);
  const of = (kind: string) =>
    Map.groupBy(
      rows.filter((row) => row.kind === kind),
      (row) => row.generation,
    );
  const [held, settled, released] = [of("reserve"), of("settle"), of("release")];
  for (const { generation, price } of told) {
    const [holds, ends] = [held.get(generation)?.length ?? 0, settled.get(generation) ?? []];
    if (holds !== 1 || ends.length !== 1)
      findings.push(`${generation} was held ${holds} times, settled ${ends.length} times`);
    const charged = ends.reduce((sum, row) => sum + row.legs.charged, 0);
    if (charged !== price) findings.push(`${generation} was told to cost ${price} and charged ${charged}`);
  }
  const asked = new Set(told.map(({ generation }) => generation));
  const lost = outcomes.length - told.length;
  const strangers = [...settled.keys()].filter((generation) => !asked.has(generation!));
  if (strangers.length > 0) findings.push(`charged for nobody: ${strangers.join(", ")}`);
  if (released.size !== lost)
    findings.push(`${released.size} holds were released, ${lost} generations were lost`);
  if (asked.size !== told.length) findings.push(`${told.length} wishes came to ${asked.size} generations`);
  return findings;
}
