/** Three projects, one after the other: what is pure or a file, what runs in workerd, and whole processes. */
import { generateKeyPairSync } from "node:crypto";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { builtIn } from "./scripts/built-in.ts";

const processes = "test/{e2e,chaos}/**/*.test.ts";
const workers = "test/workers/**/*.test.ts";

export default defineConfig({
  test: {
    silent: "passed-only",
    projects: [
      {
        test: {
          name: "node",
          include: ["{src,adapters,kernels,scripts,test}/**/*.test.ts"],
          exclude: [processes, workers, "**/node_modules/**"],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [
          cloudflareTest(async ({ inject }) => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                VPG_LOCAL: "1",
                ID_SECRET: "a secret of the tests",
                KEY_PEPPER: "a pepper of the tests",
                ADMIN_SECRET: "the operator's secret in the tests",
                RECEIPT_KEY: JSON.stringify(
                  generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }),
                ),
                MIGRATIONS: await readD1Migrations("migrations"),
                PROVIDERS: JSON.stringify(builtIn(inject("unruly"))),
                UNRULY_URL: inject("unruly").url,
              },
            },
          })),
        ],
        test: {
          name: "workers",
          include: [workers],
          globalSetup: ["test/unruly/setup.ts"],
          setupFiles: ["test/workers/setup.ts"],
          testTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "processes",
          include: [processes],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
