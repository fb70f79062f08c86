/** `npm run simulate -- --seed S --schedules N`: plays schedules, checks what must hold, compares policies. */
import { parseArgs } from "node:util";
import { seedOf } from "./chance.ts";
import { play } from "./play.ts";
import { scheduleOf } from "./schedule.ts";

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, schedules: { type: "string", default: "1000" } },
});
const seed = Number(values.seed);
const count = Number(values.schedules);
let failures = 0;
const sums = { generations: 0, completed: 0, failed: 0, cancelled: 0, faults: 0, moves: 0 };

for (let i = 0; i < count; i++) {
  const own = i === 0 ? seed : seedOf(seed, i);
  const { broken, ...played } = await play(scheduleOf(own));
  for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += played[key];
  if (broken.length === 0) continue;
  failures++;
  console.log(`seed ${own}: replay it with npm run simulate -- --seed ${own} --schedules 1`);
  for (const sentence of broken.slice(0, 5)) console.log(`  ${sentence}`);
  if (failures === 10) break;
}
console.log(sums, failures);
