/** What the edge adds to a picture beside what a bare pass-through adds, in one run: `npm run bench:overhead`. */
import { existsSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { randomOf } from "../ledger/random.ts";
import { recordCalls } from "./overhead/calls.ts";
import { arrivals, connect, runClosed, runOpen } from "./overhead/load.ts";
import { type Measured, reportOf } from "./overhead/report.ts";
import { open } from "./overhead/setting.ts";
import { callSubjects, pictureSubjects, type Subject } from "./overhead/subjects.ts";

const MEMORY = "/dev/shm";
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "8" },
    /** Of each subject in each round. */
    seconds: { type: "string", default: "5" },
    seed: { type: "string", default: "7" },
    /** Where objects, D1 and R2 live: `memory` where there is /dev/shm, or `disk`, whose flushes are waited for. */
    state: { type: "string", default: existsSync(MEMORY) ? "memory" : "disk" },
    /** The edge's config: that of another checkout measures another version. */
    config: { type: "string", default: "wrangler.toml" },
    inspector: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const roundMs = Number(values.seconds) * 1_000;
const random = randomOf(Number(values.seed));
const WARM_UP_MS = 2_000;
/** Of what the slowest can do: it keeps up, and waits now and then. */
const LOAD = 0.5;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const loads = () => loadavg().map((load) => load.toFixed(1));

const parent = values.state === "memory" ? MEMORY : tmpdir();
const setting = await open({ config: values.config, parent, inspector: values.inspector });
const calls = await recordCalls(setting.endpoint.url);
const machine = `${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}`;
const run = `seed ${values.seed}, ${rounds} rounds of ${values.seconds} s, state: ${values.state}`;
console.log(`${machine}; ${run}; load before: ${loads()[0]}`);
for (const connections of [1, 20]) {
  const on = `${connections} connection${connections > 1 ? "s" : ""}`;
  await compare(`A picture (${calls.length} calls), ${on}`, pictureSubjects(setting, calls), connections);
  await compare(`Its first step alone, ${on}`, callSubjects(setting, calls[0]!), connections);
  await compare(`Its last step alone, ${on}`, callSubjects(setting, calls.at(-2)!), connections);
}
console.log(`\nload after: ${loads()[0]}`);
setting.close();

/** Puts all subjects under the same arrivals, turn by turn, and prints their table. */
async function compare(title: string, subjects: readonly Subject[], n: number): Promise<void> {
  const connections = Array.from({ length: n }, connect);
  const most: number[] = [];
  for (const { work } of subjects) {
    await runClosed(work, connections, WARM_UP_MS);
    most.push(await runClosed(work, connections, WARM_UP_MS));
  }
  const rate = LOAD * Math.min(...most);
  const measured = subjects.map(({ name }) => ({
    name,
    rounds: [] as number[][],
    computedMs: 0 as number | null,
  }));
  for (let round = 0; round < rounds; round++) {
    const at = arrivals(random, rate, roundMs);
    for (const [i, { work, of }] of subjects.entries()) {
      const one = measured[i]!;
      const before = of.computedMs();
      one.rounds.push(await runOpen(work, connections, at));
      const after = of.computedMs();
      one.computedMs =
        one.computedMs === null || before === null || after === null ? null : one.computedMs + after - before;
    }
  }
  for (const { close } of connections) close();
  const closed = most.map((one) => one.toFixed(0)).join(", ");
  console.log(`\n${title}: ${rate.toFixed(1)} arrive a second (without a pause they do ${closed} a second)`);
  console.log(reportOf(measured satisfies Measured[]));
}
