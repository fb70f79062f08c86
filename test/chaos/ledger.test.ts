/** Kill and audit, small: `npm run test:ledger` does the same as long as one likes. */
import { expect, it } from "vitest";
import { runLedger } from "../ledger/run.ts";

it("ends each hold once and charges only what was delivered, though the server is killed under its clients", async () => {
  const said: string[] = [];
  const report = await runLedger({ seed: 5, kills: 2, generations: 12, log: (line) => said.push(line) });
  expect(report.findings, said.join("\n")).toEqual([]);
  expect(report.reserved).toBeGreaterThan(2);
  expect(report.settled + report.released).toBe(report.reserved);
  expect(said.filter((line) => line.startsWith("kill "))).toHaveLength(2);
}, 300_000);
