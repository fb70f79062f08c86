/** `npm run test:ledger -- --seed S --kills K --generations N`: the last line says how it came out. */
import { parseArgs } from "node:util";
import { listed } from "./audit.ts";
import { runLedger } from "./run.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "7" },
    kills: { type: "string", default: "20" },
    generations: { type: "string", default: "200" },
  },
});
const [seed, kills, generations] = [values.seed, values.kills, values.generations].map(Number) as [
  number,
  number,
  number,
];
if (![seed, kills, generations].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  console.error("test:ledger: --seed, --kills and --generations are whole numbers");
  process.exit(2);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const began = Date.now();
const report = await runLedger({ seed, kills, generations, log: (line) => console.log(line) });
for (const finding of report.findings) console.log(`FINDING ${finding}`);
console.log(`clients were told: ${listed(report.outcomes)}`);
console.log(`generations ended: ${listed(report.ends)}`);
console.log(
  `${report.reserved} held: ${report.settled} settled, ${report.released} released; ${report.charged} micro-credits charged, in ${Math.round((Date.now() - began) / 1_000)} s`,
);
console.log(
  `${generations} generations, ${kills} kills, ${report.entries} entries, ${report.findings.length} findings`,
);
process.exitCode = report.findings.length === 0 ? 0 : 1;
