/** `npm run test:chaos -- --seed S --generations N`: the last line says how it came out. */
import { parseArgs } from "node:util";
import { linesOf } from "./report.ts";
import { runChaos } from "./run.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "7" },
    generations: { type: "string", default: "200" },
    endpoints: { type: "string", default: "both" },
    every: { type: "string", default: "1" },
    flips: { type: "string", default: "48" },
  },
});
const [seed, generations, every, flips] = [values.seed, values.generations, values.every, values.flips].map(
  Number,
) as [number, number, number, number];
const { endpoints } = values;
if (
  ![seed, generations, every, flips].every((value) => Number.isSafeInteger(value) && value >= 0) ||
  every < 1
) {
  console.error("test:chaos: --seed, --generations and --flips are whole numbers, --every one above 0");
  process.exit(2);
}
if (endpoints !== "both" && endpoints !== "builtin") {
  console.error("test:chaos: --endpoints is both (two Tritons, two built-in) or builtin (four built-in)");
  process.exit(2);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const log = (line: string) => console.log(line);
const report = await runChaos({ seed, generations, endpoints, every, flips, log });
const { lines, isGood } = linesOf(report);
for (const line of lines.slice(0, -1)) console.log(line);
console.log(
  `again: npm run test:chaos -- --seed ${seed} --generations ${generations} --endpoints ${endpoints} --every ${every} --flips ${flips}`,
);
console.log(lines.at(-1));
process.exit(isGood ? 0 : 1);
