import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Buckets, type Sums } from "./buckets.ts";
import { COST_FIELDS, costField, costPage } from "./costs.ts";
import { dailyCsv, dailyUsage } from "./daily.ts";
import { IMAGE_FIELDS, type ImageField, imageField, imagePage } from "./images.ts";
import { type SettledPage, type SettledRow, settledRows } from "./row.ts";
import { cut, WIDTHS, type Width } from "./span.ts";

const FROM = Date.UTC(2026, 10, 23, 21, 17, 3);
const LENGTH: Record<Width, number> = { "1m": 3_000_000, "1h": 180_000_000, "1d": 900_000_000 };

const usage = fc.record({
  pictures: fc.integer({ min: 0, max: 10 }),
  steps: fc.integer({ min: 0, max: 50 }),
  tokens: fc.integer({ min: 0, max: 1_000_000 }),
  size: fc.constantFrom("64x64", "256x256"),
});

/** Rows of a time; about one in eight a refund. */
const rowsWithin = (width: Width) =>
  fc
    .array(
      fc.record({
        generation: fc.uuid(),
        apiKey: fc.constantFrom("key_1", "key_2"),
        project: fc.constantFrom("proj_1", "proj_2"),
        model: fc.constantFrom("var-sprites", "infinity"),
        charge: fc.integer({ min: 0, max: 2 ** 40 }),
        atMs: fc.integer({ min: FROM, max: FROM + LENGTH[width] - 1 }),
        usage: fc.option(usage, { freq: 7 }),
      }),
      { maxLength: 60 },
    )
    .map((rows) =>
      rows.map(
        (row, seq): SettledRow => ({ ...row, seq: seq + 1, charge: row.usage ? row.charge : 0 - row.charge }),
      ),
    );

const reports = fc.constantFrom<Width>("1m", "1h", "1d").chain((width) =>
  fc.record({
    width: fc.constant(width),
    rows: rowsWithin(width),
    by: fc.subarray([...IMAGE_FIELDS]),
    costsBy: fc.subarray([...COST_FIELDS]),
    limit: fc.integer({ min: 1, max: 30 }),
  }),
);

const zero: Sums = { requests: 0, pictures: 0, steps: 0, tokens: 0, microCredits: 0 };
const plus = (a: Sums, b: Sums): Sums => ({
  requests: a.requests + b.requests,
  pictures: a.pictures + b.pictures,
  steps: a.steps + b.steps,
  tokens: a.tokens + b.tokens,
  microCredits: a.microCredits + b.microCredits,
});
const sumsOf = (row: SettledRow): Sums => ({
  requests: row.usage ? 1 : 0,
  pictures: row.usage?.pictures ?? 0,
  steps: row.usage?.steps ?? 0,
  tokens: row.usage?.tokens ?? 0,
  microCredits: row.charge,
});

/** All buckets, made page by page of `limit` each, from all rows every time. */
function bucketsOf<Field extends string>(
  rows: readonly SettledRow[],
  width: Width,
  limit: number,
  by: readonly Field[],
  read: (row: SettledRow, field: Field) => string,
) {
  const toMs = FROM + LENGTH[width];
  const spans = cut({ fromMs: FROM, toMs }, width, Number.POSITIVE_INFINITY);
  const pages = Array.from({ length: Math.ceil(spans.length / limit) }, (_, i) =>
    spans.slice(i * limit, (i + 1) * limit),
  );
  return pages.flatMap((page) => {
    const buckets = new Buckets(page, by, read);
    for (const row of rows) buckets.add(row);
    return buckets.list();
  });
}

describe("Buckets", () => {
  it("sum to what the rows sum to, for any width, grouping and paging", () => {
    fc.assert(
      fc.property(reports, ({ width, rows, by, limit }) => {
        const buckets = bucketsOf(rows, width, limit, by, imageField);
        const all = buckets.flatMap((bucket) => bucket.groups.map((group) => group.sums)).reduce(plus, zero);
        expect(all).toEqual(rows.map(sumsOf).reduce(plus, zero));
      }),
    );
  });

  it("count every row in exactly one bucket and group: its own", () => {
    fc.assert(
      fc.property(reports, ({ width, rows, by, limit }) => {
        for (const row of rows) {
          const hit = bucketsOf([row], width, limit, by, imageField).filter(
            ({ groups }) => groups.length > 0,
          );
          expect(hit).toHaveLength(1);
          const { fromMs, toMs, groups } = hit[0]!;
          expect(fromMs <= row.atMs && row.atMs < toMs && toMs - fromMs <= WIDTHS[width]).toBe(true);
          const key = Object.fromEntries(by.map((field) => [field, imageField(row, field)]));
          expect(groups).toEqual([{ key, sums: sumsOf(row) }]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("do not depend on the order of the rows", () => {
    fc.assert(
      fc.property(reports, ({ width, rows, by, limit }) => {
        expect(bucketsOf(rows.toReversed(), width, limit, by, imageField)).toEqual(
          bucketsOf(rows, width, limit, by, imageField),
        );
      }),
    );
  });

  it("leave out rows of another time", () => {
    const row = { ...one, atMs: FROM - 1 };
    expect(
      bucketsOf([row, { ...one, atMs: FROM + LENGTH["1d"] }], "1d", 40, [], imageField).flatMap(
        (b) => b.groups,
      ),
    ).toEqual([]);
  });
});

const one: SettledRow = {
  seq: 1,
  generation: "gen_1",
  apiKey: "key_1",
  project: "proj_1",
  model: "var-sprites",
  charge: 203,
  atMs: FROM + 1000,
  usage: { pictures: 1, steps: 5, tokens: 103, size: "64x64" },
};
const refund: SettledRow = { ...one, seq: 2, charge: -203, usage: null };

describe("the pages", () => {
  it("of images and of costs say the same sums as the rows", () => {
    fc.assert(
      fc.property(reports, ({ width, rows, by, costsBy, limit }) => {
        const images = imagePage(bucketsOf(rows, width, limit, by, imageField), null);
        const results = images.data.flatMap((bucket) => bucket.results);
        const wanted = rows.map(sumsOf).reduce(plus, zero);
        expect(results.reduce((sum, result) => sum + result.images, 0)).toBe(wanted.pictures);
        expect(results.reduce((sum, result) => sum + result.num_model_requests, 0)).toBe(wanted.requests);
        const costs = costPage(bucketsOf(rows, "1d", limit, costsBy, costField).slice(), null);
        const inDays = rows
          .filter((row) => row.atMs < FROM + LENGTH["1d"])
          .map(sumsOf)
          .reduce(plus, zero);
        const amounts = costs.data.flatMap((bucket) => bucket.results.map(({ amount }) => amount.value));
        expect(amounts.reduce((sum, value) => sum + value, 0)).toBe(inDays.microCredits);
      }),
    );
  });

  it("name the fields that were grouped by, and null the others", () => {
    const by: ImageField[] = ["model", "size"];
    expect(imagePage(bucketsOf([one], "1d", 1, by, imageField).slice(0, 1), "page_1_2")).toEqual({
      object: "page",
      data: [
        {
          object: "bucket",
          start_time: FROM / 1000,
          end_time: Date.UTC(2026, 10, 24) / 1000,
          results: [
            {
              object: "organization.usage.images.result",
              images: 1,
              num_model_requests: 1,
              project_id: null,
              user_id: null,
              api_key_id: null,
              model: "var-sprites",
              size: "64x64",
              source: null,
            },
          ],
        },
      ],
      has_more: true,
      next_page: "page_1_2",
    });
  });

  it("show a refund as a cost below zero on a line of its own, and not as usage", () => {
    const byModel = bucketsOf([refund], "1d", 1, ["model" as const], imageField);
    expect(imagePage(byModel, null).data[0]!.results).toEqual([]);
    const [first] = costPage(bucketsOf([one, refund], "1d", 1, ["line_item" as const], costField), null).data;
    expect(
      first!.results.map(({ line_item, amount, quantity }) => [line_item, amount.value, quantity]),
    ).toEqual([
      ["var-sprites, images", 203, 1],
      ["var-sprites, refunds", -203, 0],
    ]);
  });
});

describe("our own report", () => {
  const days = cut({ fromMs: FROM, toMs: FROM + LENGTH["1d"] }, "1d", 40);
  const report = (...rows: SettledRow[]) => {
    const buckets = new Buckets(days, ["model"], (row) => row.model);
    for (const row of rows) buckets.add(row);
    return dailyUsage({ fromMs: FROM, toMs: FROM + LENGTH["1d"] }, buckets.list());
  };

  it("has a line a day and model, and their total", () => {
    const next = { ...one, atMs: one.atMs + WIDTHS["1d"], model: "infinity" };
    const { total, data } = report(one, refund, next, one);
    expect(total).toEqual({ requests: 3, pictures: 3, steps: 15, tokens: 309, micro_credits: 406 });
    expect(data.map(({ date, model, micro_credits }) => [date, model, micro_credits])).toEqual([
      ["2026-11-23", "var-sprites", 203],
      ["2026-11-24", "infinity", 203],
    ]);
  });

  it("is CSV as RFC 4180 has it", () => {
    expect(dailyCsv(report(one, { ...one, model: 'a "b", c' }))).toBe(
      "date,model,requests,pictures,steps,tokens,micro_credits\r\n" +
        '2026-11-23,"a ""b"", c",1,1,5,103,203\r\n' +
        "2026-11-23,var-sprites,1,1,5,103,203\r\n",
    );
    expect(dailyCsv(report())).toBe("date,model,requests,pictures,steps,tokens,micro_credits\r\n");
  });
});

describe("settledRows", () => {
  it.each([1000, 300])("gives every row once, though the ledger gives at most %i at a time", async (most) => {
    const all = Array.from({ length: 2_001 }, (_, i) => ({ ...one, seq: 3 * i + 1 }));
    const page: SettledPage = async (_account, _from, _to, after, limit) =>
      all.filter((row) => row.seq > after).slice(0, Math.min(limit, most));
    const seen: number[] = [];
    for await (const row of settledRows(page, "acct_1", 0, 1)) seen.push(row.seq);
    expect(seen).toEqual(all.map((row) => row.seq));
  });
});
