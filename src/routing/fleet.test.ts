import { describe, expect, it } from "vitest";
import { type Drawing, draw } from "../../test/routing/drawing.ts";
import type { Trouble } from "../../test/routing/machine.ts";
import { tinyPlan } from "../../test/routing/tiny.ts";
import { undisturbed, world } from "../../test/routing/world.ts";

const K = 4;

const endpointsOf = ({ records }: Drawing) => records.map(({ routes }) => routes[0]!.endpoint);
const reasonsOf = ({ records }: Drawing) => records.map(({ routes }) => routes[0]!.reason);

describe("a fleet", () => {
  it("is one endpoint where there is one", async () => {
    const drawing = await world(["x"]).make();
    expect(reasonsOf(drawing)).toEqual(["only", "sticky", "sticky", "sticky"]);
    expect(drawing.media).toEqual((await undisturbed("x")).media);
  });

  it("keeps a picture where its cache is", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const drawing = await world(["x", "x", "x"], { seed }).make();
      expect(new Set(endpointsOf(drawing)).size).toBe(1);
      expect(reasonsOf(drawing)).toEqual(["choice", "sticky", "sticky", "sticky"]);
    }
  });

  it("spreads pictures over endpoints that are alike", async () => {
    const { make, machines } = world(["x", "x", "x", "x"]);
    for (let seed = 0; seed < 100; seed++) await make({}, seed);
    for (const { asked } of machines) expect(asked).toBeGreaterThan(60);
  });

  const troubles: [string, Trouble][] = [
    ["refuses connections", { kind: "dead" }],
    ["hangs", { kind: "hang" }],
    ["is cold", { kind: "cold", retryAfterMs: null }],
    ["is overloaded", { kind: "overload", retryAfterMs: 3_000 }],
    ["no longer takes our credentials", { kind: "credentials" }],
    ["refuses what others take", { kind: "rejects" }],
    ["answers garbage", { kind: "corrupt", share: 1, where: "head" }],
    ["spoils the end of an answer", { kind: "corrupt", share: 1, where: "body" }],
    ["spoils a row", { kind: "corrupt", share: 1, where: "row" }],
    ["is cut in the middle", { kind: "flaky", share: 1 }],
  ];

  it.each(troubles)(
    "makes the same picture at every step, and decoding, at which its endpoint %s",
    async (_, trouble) => {
      const expected = await undisturbed("x");
      for (let k = 0; k <= K; k++) {
        const { clock, machines, fleet, terms, failovers } = world(["x", "x"]);
        // The times of all kinds of calls are known, so that patience is short.
        for (let seed = 50; seed < 60; seed++) {
          await clock.finish(draw(tinyPlan({ seed }), fleet.sourceFor(terms()), clock, { id: `g${seed}` }));
        }
        const source = fleet.sourceFor(terms({ numerics: { kind: "exact" } }));
        let holder: string | null = null;
        const onCommit = (step: number, _tokens: unknown, { routes }: Drawing["records"][number]) => {
          holder ??= routes[0]!.endpoint;
          if (step === k - 1) machines.find(({ options }) => options.name === holder)!.becomes(trouble);
        };
        if (k === 0) for (const machine of machines.slice(0, 1)) machine.becomes(trouble);
        const drawing = await clock.finish(draw(tinyPlan({ seed: 1 }), source, clock, { onCommit }));
        expect(drawing.media).toEqual(expected.media);
        if (k === 0) continue;
        const other = holder === "a" ? "b" : "a";
        const moved = endpointsOf(drawing).indexOf(other);
        // The next step is asked for before a step is committed: so it may be the one after that.
        expect([k, k + 1]).toContain(moved === -1 ? K : moved);
        const [event] = failovers;
        if (event) expect(event).toMatchObject({ from: holder, to: other, fromClass: "x", toClass: "x" });
        if (k < K - 1) expect(event).toMatchObject({ step: moved, prefixKeys: ["gen-0"] });
      }
    },
  );

  it("says in the route who failed before, how, and at what cost", async () => {
    const { make, machines } = world(["x", "x"]);
    for (const machine of machines) machine.becomes({ kind: "corrupt", share: 1, where: "row" });
    let left = 1;
    const [a, b] = machines;
    const random = () => (left-- > 0 ? 0 : 1);
    Object.assign(a!.options, { random });
    Object.assign(b!.options, { random });
    const { records } = await make();
    const [{ tried, ...route }] = records[0]!.routes as [{ tried: unknown[] }];
    expect(route).toMatchObject({ reason: "choice", provider: "triton" });
    expect(tried).toEqual([
      { endpoint: expect.any(String), fault: "corrupt", billed: "yes", ms: expect.any(Number) },
    ]);
  });

  it("throws what the caller's own signal did at once, and counts it nowhere", async () => {
    const { clock, fleet, terms, machines } = world(["x", "x"]);
    const controller = new AbortController();
    const source = fleet.sourceFor(terms());
    const drawing = draw(tinyPlan({ seed: 1 }), source, clock, { signal: controller.signal });
    clock.at(clock.now() + 2, () => controller.abort());
    await expect(clock.finish(drawing)).rejects.toMatchObject({ fault: { kind: "cancelled" } });
    expect(machines.map(({ asked }) => asked).toSorted()).toEqual([0, 1]);
    for (const { counters, inFlight } of fleet.explain("tiny").candidates) {
      expect(counters.faults).toEqual({});
      expect(inFlight).toBe(0);
    }
  });

  it("asks one other endpoint when one rejects a step, and then believes it", async () => {
    const { make, machines } = world(["x", "x", "x"]);
    for (const machine of machines) machine.becomes({ kind: "rejects" });
    await expect(make()).rejects.toMatchObject({ fault: { kind: "rejected" } });
    expect(machines.map(({ asked }) => asked).toSorted()).toEqual([0, 1, 1]);
  });

  it("believes the only endpoint when it rejects a step", async () => {
    const { make, machines } = world(["x"]);
    machines[0]!.becomes({ kind: "rejects" });
    await expect(make()).rejects.toMatchObject({ fault: { kind: "rejected" } });
    expect(machines[0]!.asked).toBe(1);
  });

  it("gives up after six faults of a step, with the last", async () => {
    const { make, machines, clock } = world(["x", "x"]);
    for (const machine of machines) machine.becomes({ kind: "flaky", share: 1 });
    const began = clock.now();
    await expect(make()).rejects.toMatchObject({ fault: { kind: "unreachable" } });
    expect(machines.reduce((sum, { asked }) => sum + asked, 0)).toBe(6);
    expect(clock.now() - began).toBeLessThan(2_000);
  });

  it("waits for the only endpoint to wake, knocking ever more rarely", async () => {
    const { make, machines, clock } = world(["x"]);
    const [machine] = machines;
    machine!.becomes({ kind: "cold", retryAfterMs: null });
    clock.at(clock.now() + 6_000, () => machine!.becomes(null));
    const drawing = await make();
    expect(drawing.records[0]!.routes[0]).toMatchObject({
      reason: "probe",
      tried: Array(3).fill(expect.objectContaining({ fault: "cold" })),
    });
    expect(machine!.asked).toBe(3 + K + 1);
  });

  it("leaves an overloaded endpoint alone for as long as it asks", async () => {
    const { make, machines, clock, fleet } = world(["x", "x"]);
    machines[0]!.becomes({ kind: "overload", retryAfterMs: 20_000 });
    for (let seed = 0; seed < 20; seed++) await make({}, seed);
    expect(machines[0]!.asked).toBe(1);
    const [first] = fleet.explain("tiny").candidates;
    expect(first).toMatchObject({
      whyNotNow: "resting",
      rest: { phase: "resting" },
      breaker: { phase: "closed" },
    });
    machines[0]!.becomes(null);
    await clock.finish(clock.sleep(20_000));
    for (let seed = 20; seed < 40; seed++) await make({}, seed);
    expect(machines[0]!.asked).toBeGreaterThan(20);
  });
});

describe("patience", () => {
  it("is short once times are known: a hang costs less than half a second", async () => {
    const { make, machines, clock } = world(["x", "x"]);
    for (let seed = 0; seed < 10; seed++) await make({}, seed);
    machines[0]!.becomes({ kind: "hang" });
    const times: number[] = [];
    for (let seed = 10; seed < 40; seed++) {
      const began = clock.now();
      await make({}, seed);
      times.push(clock.now() - began);
    }
    expect(Math.max(...times)).toBeLessThan(500);
    expect(times.filter((ms) => ms < 100).length).toBeGreaterThan(20);
  });

  it("is no longer than another of its class rests", async () => {
    const { make, machines, clock } = world(["x", "x"]);
    for (let seed = 0; seed < 20; seed++) await make({}, seed);
    const [hung, rested] = machines;
    rested!.becomes({ kind: "cold", retryAfterMs: null });
    const before = rested!.asked;
    for (let seed = 20; rested!.asked === before; seed++) await make({}, seed);
    rested!.becomes(null);
    hung!.becomes({ kind: "hang" });
    const began = clock.now();
    await make({ numerics: { kind: "exact" } }, 99);
    expect(clock.now() - began).toBeLessThan(5_000);
  });

  it("is the whole deadline where nothing is known and nobody else is there", async () => {
    const { make, machines, clock } = world(["x"]);
    machines[0]!.becomes({ kind: "hang" });
    const began = clock.now();
    await expect(make()).rejects.toMatchObject({ fault: { kind: "timeout", phase: "head" } });
    expect(clock.now() - began).toBe(55_000);
  });

  it("does not blame an endpoint that was given less time than it takes", async () => {
    const { clock, fleet, terms, make } = world(["x"]);
    for (let seed = 0; seed < 3; seed++) await make({}, seed);
    const source = fleet.sourceFor(terms());
    const short = { ...source, step: source.step };
    short.step = (request, signal) => source.step({ ...request, deadlineMs: 1 }, signal);
    for (let seed = 5; seed < 12; seed++) {
      const drawing = draw(tinyPlan({ seed }), short, clock, { id: `g${seed}` });
      await expect(clock.finish(drawing)).rejects.toMatchObject({ fault: { kind: "timeout" } });
    }
    const [one] = fleet.explain("tiny").candidates;
    expect(one).toMatchObject({
      breaker: { phase: "closed" },
      pressure: 0,
      counters: { faults: { timeout: 7 } },
    });
  });

  it("leaves time for a second try when the only endpoint hangs once", async () => {
    const { make, machines, clock } = world(["x"]);
    for (let seed = 0; seed < 3; seed++) await make({}, seed);
    machines[0]!.becomes({ kind: "hang" });
    clock.at(clock.now() + 20_000, () => machines[0]!.becomes(null));
    await make({}, 4);
  });

  it("grows where a machine is slow: a gray endpoint that is the only one still serves", async () => {
    const { make, machines } = world(["x"]);
    for (let seed = 0; seed < 3; seed++) await make({}, seed);
    machines[0]!.becomes({ kind: "gray", times: 100 });
    for (let seed = 3; seed < 6; seed++) await make({}, seed);
  });

  it("moves off an endpoint that turned gray, and comes back when it is well", async () => {
    const { make, machines, clock } = world(["x", "x"]);
    for (let seed = 0; seed < 20; seed++) await make({}, seed);
    machines[0]!.becomes({ kind: "gray", times: 30 });
    for (let seed = 20; seed < 30; seed++) await make({}, seed);
    const before = machines[0]!.asked;
    for (let seed = 30; seed < 60; seed++) await make({}, seed);
    expect(machines[0]!.asked - before).toBeLessThan(20);
    machines[0]!.becomes(null);
    await clock.finish(clock.sleep(120_000));
    const well = machines[0]!.asked;
    for (let seed = 60; seed < 90; seed++) await make({}, seed);
    expect(machines[0]!.asked - well).toBeGreaterThan(30);
  });
});
