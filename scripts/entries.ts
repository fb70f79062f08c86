/** A ledger's entries as the API shows them and a file keeps them: one JSON object a line, with its account. */
import { z } from "zod";
import type { Row } from "../src/metering/ledger/chain.ts";
import type { Operator } from "./operator.ts";

const whole = z.int();
const entry = z.object({
  ...{ seq: whole, key: z.string(), generation: z.string().nullable(), at_ms: whole, note: z.string() },
  kind: z.enum(["grant", "reserve", "settle", "release", "adjust"]),
  legs: z.object({ granted: whole, available: whole, held: whole, charged: whole }),
  ...{ previous: z.string(), hash: z.string() },
});
const line = entry.extend({ account: z.string() });

type Entry = z.infer<typeof entry>;

/** All entries of an account of a running server, oldest first. */
export async function entriesOf({ call }: Operator, account: string): Promise<Row[]> {
  const all: Row[] = [];
  for (let after = 0; ; after = all.at(-1)!.seq) {
    const path = `/accounts/${encodeURIComponent(account)}/entries?limit=1000&after=${after}`;
    const page = await call<{ data: readonly Entry[]; has_more: boolean }>("GET", path);
    all.push(...page.data.map((one) => rowOf(entry.parse(one))));
    if (!page.has_more) return all;
  }
}

/**
 * Reads a saved file.
 * @returns each account's rows, in the file's order.
 * @throws Error naming the line that is no entry.
 */
export function parseEntries(text: string): Map<string, Row[]> {
  const accounts = new Map<string, Row[]>();
  for (const [i, json] of text.split("\n").entries()) {
    if (json.trim() === "") continue;
    const { account, ...rest } = parseLine(json, i + 1);
    const rows = accounts.get(account) ?? [];
    rows.push(rowOf(rest));
    accounts.set(account, rows);
  }
  return accounts;
}

/** An account's rows as lines of such a file. */
export const formatEntries = (account: string, rows: readonly Row[]): string =>
  rows.map(({ atMs, ...rest }) => `${JSON.stringify({ account, ...rest, at_ms: atMs })}\n`).join("");

function parseLine(json: string, number: number): z.infer<typeof line> {
  try {
    return line.parse(JSON.parse(json));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new Error(`line ${number} is no entry: ${why}`);
  }
}

const rowOf = ({ at_ms, ...rest }: Entry): Row => ({ ...rest, atMs: at_ms });
