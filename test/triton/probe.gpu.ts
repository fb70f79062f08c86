/** The probe that an operator runs finds a real Triton to be what it says: docs/gpu.md, "How to check an installation". */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { startTriton } from "./server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

it.each(["exact", "batched"])("passes the known-answer probe under the %s rule", async (rule) => {
  const triton = await startTriton({ weights: "kernels/weights/var-sprites", rule });
  try {
    const arguments_ = ["kernels/gpu/triton/probe.py", triton.url];
    const { stdout } = await promisify(execFile)(".venv/bin/python", arguments_, { cwd: root });
    expect(stdout.match(/cache (\w+)/g)).toEqual(["cache miss", "cache hit"]);
    expect(stdout.match(/bit for bit|within rounding/g)).toHaveLength(2);
  } finally {
    expect(await triton.close()).toBe(0);
  }
});
