/** Kill and audit: clients on their errands while the server is killed again and again; then every account is audited. */
import type { Claim } from "../../scripts/audit-chain.ts";
import { type Random, randomOf } from "../random.ts";
import { makeParties, type Party } from "./accounts.ts";
import { auditRun, countOf, type Report } from "./audit.ts";
import { runErrand } from "./client.ts";
import { startNoise } from "./endpoint.ts";
import { badRequests, errandOf } from "./errand.ts";
import type { Seen } from "./seen.ts";
import { Server } from "./server.ts";

export interface RunOptions {
  readonly seed: number;
  readonly kills: number;
  readonly generations: number;
  /** Told how it goes. */
  readonly log: (line: string) => void;
}

export interface RunReport extends Report {
  /** How the requests came out, counted. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** So often it is killed while it starts. */
const DIES_STARTING = 0.15;
/** It is killed after this at the latest, whatever its clients have come to. */
const LONGEST_LIFE_MS = 15_000;
/** All holds of a run have expired and all that was abandoned is let go long before. */
const SETTLED_WITHIN_MS = 180_000;

/** The same seed chooses the same errands and moments; what they meet depends on the machine. */
export async function runLedger({ seed, kills, generations, log }: RunOptions): Promise<RunReport> {
  const random = randomOf(seed);
  const endpoint = await startNoise(seed);
  const server = await Server.make(endpoint);
  try {
    await server.start();
    const parties = await makeParties(server.operator);
    const errands = Array.from({ length: generations }, (_, i) => errandOf(random, i, parties.length));
    const clients: Promise<Seen>[] = [];
    let done = 0;
    for (let life = 0; life <= kills; life++) {
      const started = life > 0 ? server.start() : Promise.resolve();
      const lot = errands.filter(({ number }) => number % (kills + 1) === life);
      for (const errand of lot) {
        clients.push(runErrand(server, parties[errand.party]!, errand).finally(() => done++));
      }
      const enough = done + random.whole(lot.length + 1);
      const diesStarting = life > 0 && random.chance(DIES_STARTING);
      if (life === kills) await started;
      else {
        if (diesStarting) await dieStarting(started, random);
        else await started.then(() => live(server, random, parties, () => done >= enough));
        await server.kill();
        log(`kill ${life + 1} of ${kills}`);
      }
    }
    const seen = await Promise.all(clients);
    log("every client is done; waiting for what is held");
    await settle(server, parties);
    const report = await auditRun(server, parties, seen);
    const failures = report.findings.length > 0 ? linesAbout(server, report) : [];
    for (const line of failures) log(line);
    return { ...report, outcomes: countOf(seen.flatMap(toldOf)) };
  } finally {
    await server.remove();
    endpoint.close();
  }
}

/** It is killed before it answers, or as it begins to. */
async function dieStarting(started: Promise<void>, random: Random): Promise<void> {
  started.catch(() => undefined);
  await pause(random.whole(4_000));
}

/** Until so many clients are done, or it takes too long, and a moment more. */
async function live(
  server: Server,
  random: Random,
  parties: readonly Party[],
  isEnough: () => boolean,
): Promise<void> {
  void askBadly(server, random, parties);
  await until(isEnough, LONGEST_LIFE_MS);
  await pause(random.whole(500));
}

/** A request that can only be refused, and holds nothing. */
async function askBadly(server: Server, random: Random, parties: readonly Party[]): Promise<void> {
  const body = JSON.stringify(random.pick(badRequests));
  const authorization = `Bearer ${random.pick(parties).key}`;
  const headers = { "content-type": "application/json", authorization };
  await fetch(`${server.url}/v1/images/generations`, { method: "POST", headers, body }).catch(() => null);
}

/** Until nothing is held any more, or it is too late: what is held then, the audit finds. */
async function settle({ operator }: Server, parties: readonly Party[]): Promise<void> {
  await until(async () => {
    const states = parties.map(({ account }) =>
      operator.call<{ ledger: Claim }>("GET", `/accounts/${account}`),
    );
    return (await Promise.all(states)).every(({ ledger }) => ledger.balance.held === 0);
  }, SETTLED_WITHIN_MS);
}

/** Waits until something holds, so long at most. */
async function until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  const late = Date.now() + withinMs;
  while (!(await holds()) && Date.now() < late) await pause(100);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const toldOf = ({ outcomes, cancelled }: Seen): string[] => [
  ...outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.code : outcome.kind)),
  ...[...cancelled.values()].map((status) => `cancel answered ${status}`),
];

/** What the Worker said of the generations that the findings name. */
function linesAbout({ said }: Server, { findings }: Report): string[] {
  const ids = new Set(findings.flatMap((finding) => finding.match(/gen_[0-9a-f]+/g) ?? []));
  return said.filter((line) => [...ids].some((id) => line.includes(id))).slice(-200);
}
