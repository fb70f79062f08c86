/** Two projects: plain Node for what is pure or a process, workerd for what runs there. */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    silent: "passed-only",
    projects: [
      {
        test: {
          name: "node",
          include: ["{src,adapters,kernels,scripts}/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["test/workers/**", "node_modules/**", ".train/**", ".venv/**"],
          testTimeout: 30_000,
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                VPG_LOCAL: "1",
                ID_SECRET: "a secret of the tests",
                ENDPOINT_URL: inject("unruly").url,
                ENDPOINT_NUMERICS: inject("unruly").numerics,
              },
            },
          })),
        ],
        test: {
          name: "workers",
          include: ["test/workers/**/*.test.ts"],
          globalSetup: ["test/unruly/setup.ts"],
          testTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
