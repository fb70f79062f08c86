/**
 * A Worker on workerd with nothing before it: `wrangler dev` puts a proxy before a Worker and Miniflare a router, which
 * would count for every call; this listens on the Worker's own socket.
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import type { V4WorkerOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import { announce } from "./message.ts";

// The one that wrangler brings.
const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = createRequire(
  createRequire(import.meta.url).resolve("wrangler"),
)("miniflare") as typeof import("miniflare");

const { values } = parseArgs({
  options: {
    /** The Worker's wrangler.toml. */
    config: { type: "string", default: "wrangler.toml" },
    /** Where `wrangler deploy --dry-run` wrote its modules. */
    bundle: { type: "string", default: "" },
    /** Where objects, D1 and R2 live. */
    folder: { type: "string", default: "" },
    /** Its variables and secrets, as JSON. */
    variables: { type: "string", default: "{}" },
    /** Where a debugger may come, 0: anywhere free. */
    inspector: { type: "string" },
  },
});
const { workerOptions } = unstable_getMiniflareWorkerOptions(values.config);
const variables = JSON.parse(values.variables) as Record<string, string>;
const modules = readdirSync(values.bundle)
  .filter((name) => /\.(js|wasm)$/.test(name))
  // The main one first.
  .sort((a, b) => Number(b.endsWith(".js")) - Number(a.endsWith(".js")))
  .map((name) => ({
    type: name.endsWith(".js") ? ("ESModule" as const) : ("CompiledWasm" as const),
    path: `${values.bundle}/${name}`,
  }));
const worker = {
  ...workerOptions,
  modules,
  modulesRoot: values.bundle,
  bindings: { ...(workerOptions.bindings as Record<string, string> | undefined), ...variables },
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
} as V4WorkerOptions;
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    workers: [worker],
    resourcePersistencePath: values.folder,
    cf: false,
    telemetry: { enabled: false },
    log: new Log(LogLevel.ERROR),
    // A line a request is written as it would be anywhere; nobody reads it.
    handleStructuredLogs: ({ level, message }) => {
      if (level === "error" || level === "warn") console.error(message);
    },
    ...(values.inspector && { inspectorPort: Number(values.inspector) }),
  }),
);
await miniflare.ready;
const url = await miniflare.unsafeGetDirectURL();
announce(url.origin, () => miniflare.dispose());
