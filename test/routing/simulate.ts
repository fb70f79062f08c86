/**
 * `npm run simulate -- --seed S --schedules N [--days D]`: plays N schedules in virtual time, checks what must hold after
 * each, then lets policies live through D days of each kind side by side. Exits with 1 when a promise was broken.
 */
import { parseArgs } from "node:util";
import { seedOf } from "../random.ts";
import { type Played, play } from "./play.ts";
import { scheduleOf } from "./schedule.ts";
import { compare, written } from "./table.ts";

/** More failures than these are not looked for. */
const mostFailures = 10;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
    schedules: { type: "string", default: "1000" },
    days: { type: "string", default: "1" },
  },
});
const seed = whole("seed");
const count = whole("schedules");
console.log(`npm run simulate -- --seed ${seed} --schedules ${count} --days ${whole("days")}`);

const sums = { generations: 0, completed: 0, failed: 0, cancelled: 0, faults: 0, moves: 0 };
let failures = 0;
for (let i = 0; i < count && failures < mostFailures; i++) {
  // The first schedule of a seed is the seed's own: so each can be played alone.
  const own = i === 0 ? seed : seedOf(seed, i);
  const played = await play(scheduleOf(own));
  for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += played[key];
  if (played.broken.length > 0) tell(own, played);
}
const { generations, completed, failed, cancelled, faults, moves } = sums;
console.log(
  `${count} schedules, ${generations} generations: ${completed} completed, ${failed} failed through us, ${cancelled} left` +
    ` by their callers; ${faults} faults, ${moves} times a step went on elsewhere; ${failures} schedules broke a promise`,
);
if (failures > 0) process.exit(1);
if (whole("days") > 0) {
  const rows = await compare(seed, whole("days"));
  console.log(`\n${written(rows)}`);
}

function tell(own: number, { broken }: Played): void {
  failures++;
  console.log(`broken by seed ${own}: npm run simulate -- --seed ${own} --schedules 1 --days 0`);
  for (const sentence of broken) console.log(`  ${sentence}`);
}

function whole(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** 32) {
    console.error(`--${name}: a whole number below 2^32, not ${values[name]}`);
    process.exit(2);
  }
  return value;
}
