/** What the edge adds to a picture beside what a bare pass-through adds, in one run: `npm run bench:overhead`. */
import { existsSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { randomOf } from "../random.ts";
import { recordCalls } from "./overhead/calls.ts";
import { arrivals, connect, runClosed, runOpen, type Work } from "./overhead/load.ts";
import { reportOf } from "./overhead/report.ts";
import { open } from "./overhead/setting.ts";
import { callSubjects, pictureSubjects, type Subject } from "./overhead/subjects.ts";

const MEMORY = "/dev/shm";
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "8" },
    /** Of each in each round. */
    seconds: { type: "string", default: "6" },
    seed: { type: "string", default: "7" },
    /** Pictures that arrive a second; without it, a third of what the slowest can do. */
    rate: { type: "string" },
    /** Where objects, D1 and R2 live: `memory` where there is /dev/shm, or `disk`, whose flushes are waited for. */
    state: { type: "string", default: existsSync(MEMORY) ? "memory" : "disk" },
    /** How long the endpoint takes for every call, in milliseconds. */
    device: { type: "string", default: "0" },
    /** The edge's config; given again, that of another checkout, whose edge is then measured too. */
    config: { type: "string", multiple: true, default: ["wrangler.toml"] },
    /** A port where a debugger may look into the first edge. */
    inspector: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const roundMs = Number(values.seconds) * 1_000;
const random = randomOf(Number(values.seed));
const WARM_UP_MS = 2_000;
/** Of what the slowest can do: it keeps up, and waits now and then. */
const LOAD = 1 / 3;
/** A call alone says little that is new: so many times fewer rounds. */
const FEWER = 4;

interface Conditions {
  readonly connections: number;
  readonly rounds: number;
  /** Arrivals a second; null: see LOAD. */
  readonly rate: number | null;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const loads = () => loadavg().map((load) => load.toFixed(1));

const parent = values.state === "memory" ? MEMORY : tmpdir();
const setting = await open(Number(values.device), parent, values.config, values.inspector);
const calls = await recordCalls(setting.endpoint.url);
const machine = `${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}`;
const run = `seed ${values.seed}, ${rounds} rounds of ${values.seconds} s, state: ${values.state}, device ${values.device} ms`;
console.log(`${machine}; ${run}; load before: ${loads()[0]}`);
for (const connections of [1, 20]) {
  const on = `${connections} connection${connections > 1 ? "s" : ""}`;
  const pictures = pictureSubjects(setting, calls);
  const pictureRate = values.rate === undefined ? null : Number(values.rate);
  const callRate = pictureRate && pictureRate * calls.length;
  await compare(`A picture (${calls.length} calls), ${on}`, pictures, {
    connections,
    rounds,
    rate: pictureRate,
  });
  const less = { connections, rounds: Math.ceil(rounds / FEWER), rate: callRate };
  await compare(`Its first step alone, ${on}`, callSubjects(setting, calls.slice(0, 1)), less);
  await compare(`Its last step alone, ${on}`, callSubjects(setting, calls.slice(-2, -1)), less);
}
await showEmulated();
console.log(`\nload after: ${loads()[0]}`);
setting.close();

/** Says what a part costs that a deployment has elsewhere. It is in the figures above, and stays there. */
async function showEmulated(): Promise<void> {
  const { buckets } = setting;
  const connections = Array.from({ length: 20 }, connect);
  const costOf = async (path: string) => {
    const work: Work = async ({ send }) => void (await send(`${buckets.url}${path}`, {}, new Uint8Array()));
    await runClosed(work, connections, WARM_UP_MS);
    const before = buckets.computedMs() ?? Number.NaN;
    const began = performance.now();
    const rate = await runClosed(work, connections, roundMs);
    const done = (rate * (performance.now() - began)) / 1_000;
    return ((buckets.computedMs() ?? Number.NaN) - before) / done;
  };
  const [nothing, puts] = [await costOf("/nothing"), await costOf("/puts")];
  for (const { close } of connections) close();
  console.log(
    `\nOf the edge's workerd, ms, Miniflare's R2 for a picture's two puts: ${(puts - nothing).toFixed(2)}`,
  );
}

/** Puts all subjects under the same arrivals, turn by turn, and prints their table. */
async function compare(title: string, subjects: readonly Subject[], under: Conditions): Promise<void> {
  const connections = Array.from({ length: under.connections }, connect);
  const most: number[] = [];
  for (const { work } of subjects) {
    await runClosed(work, connections, WARM_UP_MS);
    most.push(await runClosed(work, connections, WARM_UP_MS));
  }
  const rate = under.rate ?? LOAD * Math.min(...most);
  const measured = subjects.map(({ name }) => ({
    name,
    rounds: [] as number[][],
    computedMs: [] as number[],
  }));
  for (let round = 0; round < under.rounds; round++) {
    const at = arrivals(random, rate, roundMs);
    for (const [i, { work, of }] of subjects.entries()) {
      const before = of.computedMs();
      measured[i]!.rounds.push(await runOpen(work, connections, at));
      measured[i]!.computedMs.push((of.computedMs() ?? Number.NaN) - (before ?? Number.NaN));
    }
  }
  for (const { close } of connections) close();
  const closed = most.map((one) => one.toFixed(0)).join(", ");
  console.log(`\n${title}: ${rate.toFixed(1)} arrive a second (without a pause they do ${closed} a second)`);
  console.log(reportOf(measured));
}
