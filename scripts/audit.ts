/** `npm run audit`: verifies the ledgers of a running server, or of a file of saved entries. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Row } from "../src/metering/ledger/chain.ts";
import { auditChain, type Claim } from "./audit-chain.ts";
import { entriesOf, formatEntries, parseEntries } from "./entries.ts";
import { OPERATOR_USAGE, operatorFrom, operatorOptions } from "./operator.ts";

const USAGE = `npm run audit -- [FILE] [options]

  FILE                 entries saved with --save; without it, those of a running server
  --account ID         only this account; may be given again
  --save FILE          keeps the server's entries, one a line

${OPERATOR_USAGE}
`;

interface Audited {
  readonly account: string;
  readonly rows: readonly Row[];
  readonly claim: Claim | null;
}

const { values, positionals } = parse();
const [file] = positionals;
let entries = 0;
let findings = 0;

try {
  const audited = file === undefined ? await fromServer() : fromFile(file);
  if (values.save) {
    writeFileSync(values.save, audited.map(({ account, rows }) => formatEntries(account, rows)).join(""));
  }
  for (const one of audited) report(one);
  console.log(`${audited.length} accounts, ${entries} entries, ${findings} findings`);
} catch (error) {
  fail(`audit: ${messageOf(error as Error)}`);
}
process.exitCode = findings === 0 ? 0 : 1;

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...operatorOptions,
        account: { type: "string", multiple: true, default: [] },
        save: { type: "string" },
      },
    });
  } catch (error) {
    return fail(`audit: ${(error as Error).message}\n\n${USAGE}`);
  }
}

async function fromServer(): Promise<Audited[]> {
  const operator = operatorFrom(values);
  const accounts = values.account.length > 0 ? values.account : await everyAccount(operator);
  const audited: Audited[] = [];
  for (const account of accounts) {
    // The claim first: what is posted meanwhile is verified too, and is no part of it.
    const path = `/accounts/${encodeURIComponent(account)}`;
    const { ledger } = await operator.call<{ ledger: Claim | null }>("GET", path);
    audited.push({ account, rows: await entriesOf(operator, account), claim: ledger });
  }
  return audited;
}

async function everyAccount({ call }: ReturnType<typeof operatorFrom>): Promise<string[]> {
  const all: string[] = [];
  for (let after = ""; ; after = `&after=${all.at(-1)}`) {
    const page = await call<{ data: readonly { id: string }[]; has_more: boolean }>(
      "GET",
      `/accounts?limit=100${after}`,
    );
    all.push(...page.data.map(({ id }) => id));
    if (!page.has_more) return all;
  }
}

function fromFile(path: string): Audited[] {
  const accounts = [...parseEntries(readFileSync(path, "utf8"))];
  return accounts
    .filter(([account]) => values.account.length === 0 || values.account.includes(account))
    .map(([account, rows]) => ({ account, rows, claim: null }));
}

function report({ account, rows, claim }: Audited): void {
  const { verdict, findings: found } = auditChain(account, rows, claim);
  const { balances, hash } = verdict.seal;
  entries += rows.length;
  findings += found.length;
  console.log(`${account}: ${rows.length} entries, ${found.length} findings
  available ${balances.available}, held ${balances.held}, charged ${balances.charged} micro-credits of ${0 - balances.granted} granted
  ${verdict.reserved} generations: ${verdict.settled} settled, ${verdict.released} released, ${verdict.live.length} held
  head ${hash}`);
  for (const finding of found) console.log(`  FINDING ${finding}`);
}

function messageOf(error: Error): string {
  return error.message === "fetch failed" ? `nothing answers at ${values.url}; npm start?` : error.message;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
