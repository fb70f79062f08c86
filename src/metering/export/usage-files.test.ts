import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RefundEvent, UsageEvent } from "../ledger/events.ts";
import { cloudEventOf } from "./cloudevent.ts";
import { usageFiles } from "./files.ts";
import { UsageTotals } from "./totals.ts";

const SOURCE = "https://edge.example";
const START = Date.UTC(2026, 10, 30, 22);
const HOUR = 3_600_000;

/** Settlements and refunds of three accounts over two days, each under its own id. */
const events = fc
  .array(
    fc.record({
      account: fc.constantFrom("acct_a", "acct_b", "acct_c"),
      atMs: fc.integer({ min: START, max: START + 5 * HOUR }),
      charge: fc.nat(10_000),
      refund: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((all) =>
    all.map(({ account, atMs, charge, refund }, i): UsageEvent | RefundEvent => {
      const about = { id: `${account}:${i + 1}`, account, generation: `gen_${i}`, atMs };
      const of = { apiKey: "key_1", project: "proj_1", model: "var-sprites" };
      if (refund) return { kind: "refunded", ...about, ...of, charge: -charge };
      const usage = { pictures: 1 + (i % 3), steps: 5, tokens: 103, size: "64x64" };
      return { kind: "settled", ...about, ...of, charge, reason: "completed", usage };
    }),
  );

/** The lines of all files. */
const linesOf = (files: ReturnType<typeof usageFiles>) =>
  files.flatMap(({ text }) => text.split("\n").filter((line) => line !== ""));
const toCloud = (all: readonly (UsageEvent | RefundEvent)[]) => all.map((one) => cloudEventOf(one, SOURCE));

describe("a usage event as a CloudEvent", () => {
  it("has the account as its subject, the ledger's time, and what was delivered as its data", () => {
    const [event] = fc.sample(
      events.filter((all) => all[0]?.kind === "settled"),
      1,
    )[0]!;
    expect(cloudEventOf({ ...event!, atMs: START } as UsageEvent, SOURCE)).toMatchObject({
      ...{ specversion: "1.0", id: event!.id, source: SOURCE, type: "vpg.generation.settled" },
      ...{ subject: event!.account, time: "2026-11-30T22:00:00.000Z", datacontenttype: "application/json" },
      data: { micro_credits: event!.charge, pictures: 1, size: "64x64", reason: "completed" },
    });
  });
});

describe("usage files", () => {
  it("are the same for the same events, in whatever order and however often they come", () => {
    fc.assert(
      fc.property(events, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (all, chance) => {
        const cloud = toCloud(all);
        const again = [...cloud, ...cloud]
          .map((event) => [chance.next().value!, event] as const)
          .sort(([a], [b]) => a - b)
          .map(([, event]) => event);
        const byKey = (files: ReturnType<typeof usageFiles>) => new Map(files.map((f) => [f.key, f.text]));
        expect(byKey(usageFiles(again))).toEqual(byKey(usageFiles(cloud)));
      }),
    );
  });

  it("lie under the day and hour of what they hold", () => {
    fc.assert(
      fc.property(events, (all) => {
        for (const { key, text } of usageFiles(toCloud(all))) {
          const [, hour] = /^usage\/(\d{4}-\d\d-\d\d\/\d\d)\/[0-9a-f]{32}\.ndjson$/.exec(key)!;
          for (const line of linesOf([{ key, text }])) {
            expect(JSON.parse(line).time.slice(0, 13).replace("T", "/")).toBe(hour);
          }
        }
      }),
    );
  });
});

describe("an exact reader", () => {
  it("comes to the ledger's totals though every event is in several files, in any order", () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(events, cuts, cuts, (all, first, second) => {
        const totals = new UsageTotals();
        const lines = [...batches(all, first), ...batches(all.toReversed(), second)].flatMap((batch) =>
          linesOf(usageFiles(toCloud(batch))),
        );
        for (const line of lines) totals.add(line);
        expect(totals.duplicates).toBe(all.length);
        const sum = (account: string, day: string) =>
          all
            .filter((one) => one.account === account && new Date(one.atMs).toISOString().startsWith(day))
            .reduce((total, { charge }) => total + charge, 0);
        for (const { account, day, micro_credits } of totals.list()) {
          expect(micro_credits).toBe(sum(account, day));
        }
        const total = totals.list().reduce((so, { micro_credits }) => so + micro_credits, 0);
        expect(total).toBe(all.reduce((so, { charge }) => so + charge, 0));
      }),
    );
  });

  it("refuses a line that is no usage event, and another event under a known id", () => {
    const [event] = fc.sample(
      events.filter((all) => all.length > 0),
      1,
    )[0]!;
    const totals = new UsageTotals();
    totals.add(JSON.stringify(cloudEventOf(event!, SOURCE)));
    const other = { ...event!, generation: "gen_other" };
    expect(() => totals.add(JSON.stringify(cloudEventOf(other, SOURCE)))).toThrow("two events have this id");
    expect(() => totals.add(JSON.stringify({ ...cloudEventOf(event!, SOURCE), data: {} }))).toThrow();
    expect(() => totals.add("{")).toThrow();
  });

  it("is a command too: it reads folders, and names the file and line that is wrong", () => {
    const folder = mkdtempSync(join(tmpdir(), "vpg-usage-"));
    const script = fileURLToPath(new URL("../../../scripts/usage.ts", import.meta.url));
    const run = () => execFileSync(process.execPath, [script, folder], { encoding: "utf8", stdio: "pipe" });
    const write = (name: string, text: string) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    };
    try {
      const all = fc.sample(
        events.filter((some) => some.length > 5),
        1,
      )[0]!;
      for (const { key, text } of usageFiles(toCloud(all))) write(key, text);
      write(
        "usage/again.ndjson",
        usageFiles(toCloud(all))
          .map(({ text }) => text)
          .join(""),
      );
      const said = run();
      expect(said).toContain(`${all.length} lines more than once`);
      for (const account of new Set(all.map((one) => one.account))) expect(said).toContain(account);
      write("usage/wrong.ndjson", "{}\n");
      expect(run).toThrow(/wrong\.ndjson:1/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Events in batches of these sizes, over and over. */
function batches<Item>(all: readonly Item[], sizes: readonly number[]): Item[][] {
  const out: Item[][] = [];
  for (let at = 0, i = 0; at < all.length; at += sizes[i++ % sizes.length]!) {
    out.push(all.slice(at, at + sizes[i % sizes.length]!));
  }
  return out;
}
