/** What needs a real tritonserver (`npm run test:gpu`); `npm test` leaves it alone. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    silent: "passed-only",
    include: ["test/triton/*.gpu.ts"],
    testTimeout: 240_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
