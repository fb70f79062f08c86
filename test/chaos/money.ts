/** The books after a run: every generation held once and settled once, at the price that its caller was told. */
import { auditChain, type Claim } from "../../scripts/audit-chain.ts";
import { entriesOf } from "../../scripts/entries.ts";
import type { PublicKeys } from "../../src/metering/receipt/sign.ts";
import { countedFindings, endsOf } from "../ledger/audit.ts";
import { auditGeneration } from "../ledger/audit-generation.ts";
import type { Outcome } from "./asking/fulfilment.ts";
import type { Edge } from "./endpoints/edge.ts";

const SETTLED_WITHIN_MS = 60_000;

/** @returns a sentence about each thing that is wrong. */
export async function auditMoney(edge: Edge, outcomes: readonly Outcome[]): Promise<string[]> {
  const { url, key, operator, account } = edge;
  const untilMs = Date.now() + SETTLED_WITHIN_MS;
  const claim = async () => (await operator.call<{ ledger: Claim }>("GET", `/accounts/${account}`)).ledger;
  while ((await claim()).balance.held > 0 && Date.now() < untilMs)
    await new Promise((resolve) => setTimeout(resolve, 200));
  const rows = await entriesOf(operator, account);
  const { verdict, findings } = auditChain(account, rows, await claim());
  const ends = endsOf(rows);
  const found = [...findings, ...countedFindings(rows, verdict.live)];
  const keys = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as PublicKeys;
  const context = { server: { url, kills: [] }, party: { key }, keys, untilMs, seen: [] };
  for (const end of ends) found.push(...(await auditGeneration(end, context)));

  const told = new Map(
    outcomes.flatMap(({ told }) => (told ? [[told.generation, told.price] as const] : [])),
  );
  const charged = new Map(ends.filter(({ charge }) => charge > 0).map((end) => [end.generation, end]));
  for (const [generation, price] of told) {
    const end = charged.get(generation);
    if (end?.reason !== "completed" || end.charge !== price)
      found.push(`${generation} was told to cost ${price}; its ledger says ${end?.reason}, ${end?.charge}`);
  }
  for (const generation of charged.keys())
    if (!told.has(generation)) found.push(`${generation} was charged, and nobody has it`);
  return found;
}
