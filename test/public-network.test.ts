/** What the docs promise of the runtime: a Worker's fetch reaches public addresses only, whatever a name resolves to. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "vpg-network-"));
const worker = `export default { async fetch(request) {
  try { return await fetch(request.headers.get("x-to")); } catch (error) { return new Response(String(error), { status: 502 }); }
} };`;
const running: ChildProcess[] = [];
let inside: Server;
let port = 0;
let reached = 0;

/** workerd itself, as a host runs it, with this as its Worker's network; nothing: as it comes. */
function start(network: string): Promise<string> {
  const internet = network === "" ? "" : `, (name = "internet", network = ${network})`;
  const config = join(folder, `config-${running.length}.capnp`);
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = ${JSON.stringify(worker)})], compatibilityDate = "2026-08-01"))${internet}],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);`,
  );
  const child = spawn("node_modules/.bin/workerd", ["serve", "--control-fd=1", config], {
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: what npm installs is a script that starts the real one, and would leave it behind.
    detached: true,
  });
  running.push(child);
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += String(chunk);
      const [, at] = /"socket":"http","port":(\d+)/.exec(said) ?? [];
      if (at) resolve(`http://127.0.0.1:${at}`);
    });
    let complained = "";
    child.stderr.on("data", (chunk) => (complained += String(chunk)));
    child.once("exit", (code) => reject(new Error(`workerd ended with ${code}: ${complained}`)));
  });
}

beforeAll(async () => {
  inside = createServer((_, response) => {
    reached++;
    response.end("a secret of the inside");
  });
  await new Promise<void>((resolve) => inside.listen(0, "127.0.0.1", resolve));
  port = (inside.address() as AddressInfo).port;
});

afterAll(() => {
  for (const child of running) process.kill(-child.pid!, "SIGKILL");
  inside.close();
  rmSync(folder, { recursive: true });
});

const ask = async (url: string, host: string) => {
  const response = await fetch(url, { headers: { "x-to": `http://${host}:${port}/` } });
  return [response.status, await response.text()] as const;
};

it("refuses an inside address, and a name that leads to one, as though there were no such host", async () => {
  const url = await start("");
  for (const host of ["127.0.0.1", "localhost"]) {
    const [status, text] = await ask(url, host);
    expect([status, text.includes("secret")]).toEqual([502, false]);
  }
  expect(reached).toBe(0);
});

it("reaches it where a host has allowed private addresses, so the refusal was the network's", async () => {
  const url = await start('(allow = ["public", "private"])');
  expect(await ask(url, "localhost")).toEqual([200, "a secret of the inside"]);
});

it("goes through the front door of its own zone, too: the deployment has the flag for it", () => {
  const flags = /^compatibility_flags = (\[.*\])$/m.exec(readFileSync("wrangler.toml", "utf8"))![1]!;
  expect(JSON.parse(flags)).toContain("global_fetch_strictly_public");
});
