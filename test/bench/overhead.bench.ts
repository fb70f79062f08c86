/** What the edge adds to a picture beside what a bare pass-through adds, in one run: `npm run bench:overhead`. */
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { randomOf } from "../ledger/random.ts";
import { recordCalls } from "./overhead/calls.ts";
import { arrivals, connect, runClosed, runOpen } from "./overhead/load.ts";
import { reportOf } from "./overhead/report.ts";
import { open } from "./overhead/setting.ts";
import { BARE, callSubjects, pictureSubjects, type Subjects } from "./overhead/subjects.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "8" },
    /** Of each subject in each round. */
    seconds: { type: "string", default: "6" },
    seed: { type: "string", default: "7" },
    /** A port where a debugger may look into the edge. */
    inspector: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const roundMs = Number(values.seconds) * 1_000;
const random = randomOf(Number(values.seed));
const WARM_UP_MS = 2_000;
/** Of what the slowest can do; so that it keeps up, and waits only now and then. */
const LOAD = 0.5;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const loads = () =>
  loadavg()
    .map((load) => load.toFixed(1))
    .join(", ");

const setting = await open(values.inspector);
const calls = await recordCalls(setting.endpoint);
const bytes = calls.reduce((sum, { body }) => sum + body.byteLength, 0);
console.log(
  `${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}, seed ${values.seed}, ${rounds} rounds of ${values.seconds} s each; load before: ${loads()}`,
);
console.log(`a picture: ${calls.length} calls, ${bytes} bytes out`);
for (const connections of [1, 20]) {
  await compare(`a picture, ${connections} connections`, pictureSubjects(setting, calls), connections);
  await compare(
    `the first call alone, ${connections} connections`,
    callSubjects(setting, calls[0]!),
    connections,
  );
  await compare(
    `the last step alone, ${connections} connections`,
    callSubjects(setting, calls.at(-2)!),
    connections,
  );
}
console.log(`load after: ${loads()}`);
setting.close();

/** All subjects under the same arrivals, turn by turn, and their table. */
async function compare(title: string, subjects: Subjects, n: number): Promise<void> {
  const connections = Array.from({ length: n }, connect);
  const most: number[] = [];
  for (const work of subjects.values()) {
    await runClosed(work, connections, WARM_UP_MS);
    most.push(await runClosed(work, connections, WARM_UP_MS));
  }
  const rate = LOAD * Math.min(...most);
  const latencies = new Map([...subjects.keys()].map((name): [string, number[][]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const at = arrivals(random, rate, roundMs);
    for (const [name, work] of subjects) latencies.get(name)!.push(await runOpen(work, connections, at));
  }
  for (const { close } of connections) close();
  console.log(
    `\n${title}: ${rate.toFixed(1)} arrive a second; closed loop, a second: ${most.map((one) => one.toFixed(0)).join(", ")}`,
  );
  console.log(reportOf(latencies, BARE));
}
