/** What isolates tell each other, and that nobody waits for it. */

import { expect, it, vi } from "vitest";
import type { StepSource } from "../../adapters/contract.ts";
import { added, type Tally } from "./counted.ts";
import { Gossip, type Known } from "./gossip.ts";
import { mergeShared, nothingShared, type SharedFleet } from "./shared.ts";

const opened = (name: string, at: number): SharedFleet => ({
  endpoints: { [name]: { breaker: { at, open: true, until: at + 1_000, openings: 1 } } },
  providers: {},
});

/** A fleet that only remembers. */
function memory(first: SharedFleet) {
  const fleet = {
    state: first,
    calls: {} as Tally,
    counted: () => fleet.calls,
    snapshot: () => fleet.state,
    merge: (shared: SharedFleet) => {
      fleet.state = mergeShared(fleet.state, shared);
    },
  };
  return fleet;
}

function boardOf() {
  const board = { known: { state: nothingShared, counted: {} } as Known, calls: 0 };
  const exchange = async (learnt: SharedFleet, counted: Tally) => {
    board.calls += 1;
    const { known } = board;
    board.known = { state: mergeShared(known.state, learnt), counted: added(known.counted, counted) };
    return board.known;
  };
  return { board, exchange };
}

const source = {
  step: vi.fn(async () => "answer"),
  decode: vi.fn(async () => "media"),
} as unknown as StepSource;
const ask = (gossip: Gossip) => gossip.informed(source).step({} as never, new AbortController().signal);
const never = () => new Promise<never>(() => undefined);

it("tells a new isolate before its first step which endpoints another has found dead", async () => {
  const { exchange } = boardOf();
  const ports = { exchange, now: () => 0, sleep: never, log: () => undefined };
  await new Gossip(memory(opened("a/m", 5)), ports).exchange();
  const fresh = memory(nothingShared);
  await ask(new Gossip(fresh, ports));
  expect(fresh.state.endpoints["a/m"]?.breaker?.open).toBe(true);
});

it("asks again after a second, and lets no step wait for it", async () => {
  let now = 0;
  const { board, exchange } = boardOf();
  const gossip = new Gossip(memory(nothingShared), {
    exchange,
    now: () => now,
    sleep: never,
    log: () => undefined,
  });
  for (const [at, calls] of [
    [0, 1],
    [999, 1],
    [1_000, 2],
    [1_500, 2],
    [2_000, 3],
  ] as const) {
    now = at;
    await ask(gossip);
    expect(board.calls).toBe(calls);
  }
});

it("goes on after a moment where the board is silent, and at once where it fails", async () => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const waited: number[] = [];
  const sleep = async (ms: number) => void waited.push(ms);
  expect(await ask(new Gossip(memory(nothingShared), { exchange: never, now: () => 0, sleep, log }))).toBe(
    "answer",
  );
  expect(waited).toEqual([200]);
  const failing = async () => {
    throw new Error("gone");
  };
  expect(
    await ask(new Gossip(memory(nothingShared), { exchange: failing, now: () => 0, sleep: never, log })),
  ).toBe("answer");
  expect(lines).toEqual(["routing: the board was not reached: gone"]);
});

it("tells each call once, whatever was told before", async () => {
  const { board, exchange } = boardOf();
  const fleet = memory(nothingShared);
  const gossip = new Gossip(fleet, { exchange, now: () => 0, sleep: never, log: () => undefined });
  fleet.calls = { "a/m": { asked: 3 } };
  await gossip.exchange();
  fleet.calls = { "a/m": { asked: 5 }, "b/m": { asked: 1 } };
  await gossip.exchange();
  expect(await gossip.exchange()).toEqual({ "a/m": { asked: 5 }, "b/m": { asked: 1 } });
  expect(board.calls).toBe(3);
});
