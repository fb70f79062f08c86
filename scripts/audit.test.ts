import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { genesis, type Row, sealRow } from "../src/metering/ledger/chain.ts";
import { NOTHING } from "../src/metering/ledger/transfer.ts";
import { auditChain } from "./audit-chain.ts";
import { formatEntries, parseEntries } from "./entries.ts";

const script = fileURLToPath(new URL("audit.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vpg-audit-"));
const account = "acct_1";

const drafts: Pick<Row, "key" | "kind" | "generation" | "legs">[] = [
  { key: "grant:1", kind: "grant", generation: null, legs: { ...NOTHING, granted: -100, available: 100 } },
  { key: "reserve:g", kind: "reserve", generation: "g", legs: { ...NOTHING, available: -30, held: 30 } },
  { key: "reserve:h", kind: "reserve", generation: "h", legs: { ...NOTHING, available: -40, held: 40 } },
  {
    ...{ key: "end:g", kind: "settle", generation: "g" },
    legs: { ...NOTHING, held: -30, charged: 20, available: 10 },
  },
  { key: "end:h", kind: "release", generation: "h", legs: { ...NOTHING, held: -40, available: 40 } },
];
const rows: Row[] = [];
for (const [i, draft] of drafts.entries()) {
  const previous = rows.at(-1)?.hash ?? genesis(account).hash;
  rows.push(sealRow({ ...draft, seq: i + 1, atMs: 1_000 + i, note: "{}", previous }));
}
const saved = formatEntries(account, rows);
const claim = {
  head: { seq: rows.length, hash: rows.at(-1)!.hash },
  balance: { granted: 100, available: 80, held: 0, charged: 20 },
};

/** An API with the one account; what it shows of it a test may change. */
let server: Server;
let url: string;
let shown: { claim: typeof claim | null; rows: readonly Row[] };

beforeAll(async () => {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    if (request.headers.authorization !== "Bearer the secret") return response.writeHead(404).end("{}");
    if (pathname === "/v1/admin/accounts")
      return response.end(JSON.stringify({ data: [{ id: account }], has_more: false }));
    if (pathname === `/v1/admin/accounts/${account}`)
      return response.end(JSON.stringify({ ledger: shown.claim }));
    const after = shown.rows.filter(({ seq }) => seq > Number(searchParams.get("after")));
    const data = after.slice(0, 2).map(({ atMs, ...rest }) => ({ ...rest, at_ms: atMs }));
    response.end(JSON.stringify({ data, has_more: after.length > 2 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  shown = { claim, rows };
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function inFolder(content: string): string {
  const path = join(folder, "entries.ndjson");
  writeFileSync(path, content);
  return path;
}

async function audit(...args: string[]): Promise<{ status: number | null; said: string }> {
  const env = { ...process.env, ADMIN_SECRET: "the secret" };
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  const status = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, said: out + err };
}

describe("npm run audit", () => {
  it("finds nothing in a file of good entries, and says what they come to", async () => {
    const { status, said } = await audit(inFolder(saved));
    expect(said).toBe(`${account}: 5 entries, 0 findings
  available 80, held 0, charged 20 micro-credits of 100 granted
  2 generations: 1 settled, 1 released, 0 held
  head ${rows.at(-1)!.hash}
1 accounts, 5 entries, 0 findings
`);
    expect(status).toBe(0);
  });

  it("fails where one digit of one entry was flipped", async () => {
    const { status, said } = await audit(inFolder(saved.replace('"charged":20', '"charged":21')));
    expect(said).toMatch(/FINDING entry 4: hash: /);
    expect(said).toMatch(/^1 accounts, 5 entries, [1-9]\d* findings$/m);
    expect(status).toBe(1);
  });

  it("reads a running server page by page, and saves what it read", async () => {
    const copy = join(folder, "copy.ndjson");
    const { status, said } = await audit("--url", url, "--save", copy);
    expect(said).toMatch(/^1 accounts, 5 entries, 0 findings$/m);
    expect(status).toBe(0);
    expect(parseEntries(readFileSync(copy, "utf8"))).toEqual(new Map([[account, rows]]));
  });

  it.each([
    ["rows that were cut off at the end", () => ({ claim, rows: rows.slice(0, 4) }), "head"],
    [
      "a balance that its rows do not come to",
      () => ({ claim: { ...claim, balance: { ...claim.balance, available: 81 } }, rows }),
      "says",
    ],
  ])("fails for a server with %s", async (_what, change, word) => {
    shown = change();
    const { status, said } = await audit("--url", url, "--account", account);
    expect(said).toMatch(new RegExp(`FINDING the ledger.*${word}`));
    expect(status).toBe(1);
  });

  it("says where it found no server, no secret and no entries, and fails", async () => {
    expect(await audit("--url", "http://127.0.0.1:1")).toMatchObject({ status: 2 });
    expect(await audit("--secret-file", join(folder, "none"))).toMatchObject({
      status: 2,
      said: expect.stringContaining("none cannot be read"),
    });
    expect(await audit(inFolder('{"account":"acct_1"}\n'))).toMatchObject({
      status: 2,
      said: expect.stringContaining("line 1 is no entry"),
    });
  });
});

it("no digit of any entry can be flipped unseen", () => {
  const digits = [...saved.matchAll(/\d/g)].map(({ index }) => index);
  const unseen = digits.filter((at) => {
    const flipped = `${saved.slice(0, at)}${(Number(saved[at]) + 1) % 10}${saved.slice(at + 1)}`;
    const read = [...parseEntries(flipped)];
    return read.flatMap(([whose, chain]) => auditChain(whose, chain, claim).findings).length === 0;
  });
  expect(digits.length).toBeGreaterThan(300);
  expect(unseen).toEqual([]);
});
