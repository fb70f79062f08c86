/** Policies side by side: the same machines, the same bad day, the same pictures asked for at the same moments. */
import { quantile } from "../quantile.ts";
import { randomOf, seedOf } from "../random.ts";
import { Clock } from "./clock.ts";
import { Machine, type Trouble, unitsOf } from "./machine.ts";
import { policies } from "./policies.ts";
import { tinyPlan } from "./tiny.ts";

/** What happens to the first machine, and for how long, in ms. */
const days: Readonly<Record<string, { readonly trouble: Trouble | null; readonly ms: number }>> = {
  calm: { trouble: null, ms: 0 },
  gray: { trouble: { kind: "gray", times: 10 }, ms: 20_000 },
  dead: { trouble: { kind: "dead" }, ms: 10_000 },
  hang: { trouble: { kind: "hang" }, ms: 8_000 },
  flaky: { trouble: { kind: "flaky", share: 0.3 }, ms: 15_000 },
};

/** Four machines of eight places each; a picture of 13 steps takes 0.9 s on an idle one. */
const machineCount = 4;
const parallel = 8;
const speed = 3.5;
const sides = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7];
const perSecond = 20;
const secondsEach = 30;
const troubleAt = 5_000;

export interface Row {
  readonly policy: string;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** p99 of each kind of day. */
  readonly days: Readonly<Record<string, number>>;
  /** Of all work done, what did not end in a picture's own steps. */
  readonly thrownAway: number;
  readonly made: number;
  readonly lost: number;
}

/** @returns a row a policy, over so many days of each kind, or of those named */
export async function compare(
  seed: number,
  count: number,
  names: readonly string[] = Object.keys(days),
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const policy of Object.keys(policies)) {
    const all: number[] = [];
    const each: Record<string, number> = {};
    const sums = { worked: 0, useful: 0, lost: 0 };
    for (const name of names) {
      const own: number[] = [];
      for (let i = 0; i < count; i++) {
        const lived = await live(policy, days[name]!, seedOf(seed, i));
        own.push(...lived.times);
        for (const key of ["worked", "useful", "lost"] as const) sums[key] += lived[key];
      }
      each[name] = quantile(own, 0.99);
      all.push(...own);
    }
    rows.push({
      policy,
      ...{ p50: quantile(all, 0.5), p95: quantile(all, 0.95), p99: quantile(all, 0.99), days: each },
      thrownAway: 1 - sums.useful / sums.worked,
      ...{ made: all.length, lost: sums.lost },
    });
  }
  return rows;
}

async function live(policy: string, { trouble, ms }: (typeof days)[string], seed: number) {
  const clock = new Clock();
  const random = randomOf(seed);
  const machines = Array.from({ length: machineCount }, (_, i) => {
    const { next: random } = randomOf(seedOf(seed, 100 + i));
    return new Machine({ name: `m${i}`, numerics: "x", clock, random, speed, parallel });
  });
  const make = policies[policy]!({ machines, clock, random: randomOf(seedOf(seed, 200)).next });
  const began = clock.now();
  clock.at(began + troubleAt, () => machines[0]!.becomes(trouble));
  clock.at(began + troubleAt + ms, () => machines[0]!.becomes(null));
  const times: number[] = [];
  let lost = 0;
  let useful = 0;
  let at = 0;
  for (let i = 0; at < secondsEach * 1_000; i++) {
    // Poisson arrivals: an open loop, which does not wait for the slow.
    at += (-Math.log(1 - random.next()) / perSecond) * 1_000;
    const plan = tinyPlan({ seed: (seed % 1_000_000) * 10_000 + i, sides });
    clock.at(began + at, () => {
      const asked = clock.now();
      make(plan, `g${i}`).then(
        () => {
          times.push(clock.now() - asked);
          useful += plan.steps.reduce((sum, { length }) => sum + unitsOf(length), 2);
        },
        () => {
          lost++;
        },
      );
    });
  }
  await clock.run();
  const worked = machines.reduce((sum, machine) => sum + machine.worked, 0);
  return { times, lost, useful, worked };
}

/** @returns the rows as a table in Markdown, times in ms */
export function written(rows: readonly Row[]): string {
  const names = Object.keys(days);
  const head = [
    "policy",
    "p50",
    "p95",
    "p99",
    ...names.map((name) => `p99 ${name}`),
    "thrown away",
    "made",
    "lost",
  ];
  const lines = rows.map(({ policy, p50, p95, p99, days: each, thrownAway, made, lost }) => [
    policy,
    ...[p50, p95, p99, ...names.map((name) => each[name]!)].map((ms) => ms.toFixed(0)),
    `${(100 * thrownAway).toFixed(2)}%`,
    ...[made, lost].map(String),
  ]);
  const rule = head.map((_, i) => (i === 0 ? "---" : "--:"));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
