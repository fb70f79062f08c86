/** A ledger's rows as a page: for the account itself and for the operator, who audits them. */
import { z } from "@hono/zod-openapi";
import type { Row } from "../metering/ledger/chain.ts";
import { wholeNumber } from "./query.ts";

const row = z
  .object({
    seq: z.int(),
    key: z.string().describe("what makes it happen once"),
    kind: z.enum(["grant", "reserve", "settle", "release", "adjust"]),
    generation: z.string().nullable(),
    at_ms: z.int(),
    legs: z.object({ granted: z.int(), available: z.int(), held: z.int(), charged: z.int() }),
    note: z.string().describe("JSON"),
    previous: z.string(),
    hash: z.string(),
  })
  .openapi("LedgerEntry");

export const entriesQuery = z.strictObject({
  after: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER, byDefault: 0 }).describe(
    "`seq` of the last row that was read",
  ),
  limit: wholeNumber({ min: 1, max: 1000, byDefault: 100 }).describe("rows a page"),
});

export const entriesPage = z.object({ object: z.literal("list"), data: z.array(row), has_more: z.boolean() });

/** @param entries reads rows after a `seq`, at most so many. */
export async function readEntries(
  entries: (after: number, limit: number) => Promise<readonly Row[]>,
  { after, limit }: z.infer<typeof entriesQuery>,
): Promise<z.infer<typeof entriesPage>> {
  const rows = await entries(after, limit + 1);
  const data = rows.slice(0, limit).map(({ atMs, legs, ...rest }) => ({
    ...rest,
    at_ms: atMs,
    legs: { ...legs },
  }));
  return { object: "list", data, has_more: rows.length > limit };
}
