/** What a generation may ask of the fleet, and what the operator may set. */
import { describe, expect, it } from "vitest";
import { draw } from "../../test/routing/drawing.ts";
import { tinyPlan } from "../../test/routing/tiny.ts";
import { undisturbed, world } from "../../test/routing/world.ts";

const K = 4;

describe("numerics classes", () => {
  it("an exact picture stays in the class it began in, whatever its groups do at once", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { make, machines } = world(["x", "x", "y", "y"], { seed });
      machines[seed % 4]!.becomes({ kind: "flaky", share: 0.7 });
      const plan = tinyPlan({ seed, n: 4, batch: 1 });
      const { records } = await make({ numerics: { kind: "exact" } }, seed, plan);
      const classes = records.flatMap(({ stats }) => stats.map(({ numerics }) => numerics));
      expect(new Set(classes).size).toBe(1);
    }
  });

  it("an exact picture takes another class as long as nothing has been drawn", async () => {
    const { make, machines } = world(["x", "y"]);
    machines[0]!.becomes({ kind: "credentials" });
    for (let seed = 0; seed < 10; seed++) {
      const { media } = await make({ numerics: { kind: "exact" } }, seed);
      expect(media).toEqual((await undisturbed("y", seed)).media);
    }
  });

  it("an exact picture fails rather than leave the class of what is drawn", async () => {
    const { make, machines } = world(["x", "y"]);
    machines[0]!.becomes({ kind: "credentials" });
    const strict = { numerics: { kind: "exact" }, homeClass: "x" } as const;
    await expect(make(strict)).rejects.toMatchObject({ fault: { kind: "credentials" } });
    expect(machines[1]!.asked).toBe(0);
  });

  it("a named class is that very one", async () => {
    const { make, machines } = world(["x", "y", "z"]);
    for (let seed = 0; seed < 10; seed++) await make({ numerics: { kind: "class", name: "y" } }, seed);
    expect([machines[0]!.asked, machines[2]!.asked]).toEqual([0, 0]);
    await expect(make({ numerics: { kind: "class", name: "w" } })).rejects.toMatchObject({
      fault: { kind: "unreachable" },
      endpoint: "fleet",
    });
  });

  it("a relaxed picture keeps its class while anybody of it is well, else leaves it and says so", async () => {
    const { make, machines, failovers } = world(["x", "x", "y"]);
    machines[0]!.becomes({ kind: "dead" });
    for (let seed = 0; seed < 10; seed++) {
      const { records } = await make({ homeClass: "x" }, seed);
      expect(new Set(records.map(({ stats }) => stats[0]!.numerics))).toEqual(new Set(["x"]));
    }
    machines[1]!.becomes({ kind: "dead" });
    const { records } = await make({ homeClass: "x" });
    expect(new Set(records.map(({ stats }) => stats[0]!.numerics))).toEqual(new Set(["y"]));
    expect(failovers.at(-1)).toMatchObject({ to: "c", fromClass: "x", toClass: "y", fault: "cold" });
  });

  it("decodes a strict picture in one class, its own where that decodes", async () => {
    const offers = [{ serves: ["step"] }, undefined, undefined] as const;
    const { make, machines } = world(["x", "y", "z"], { offers });
    const decoded = machines.map((machine) => {
      const decode = machine.decode.bind(machine);
      const seen: number[] = [];
      machine.decode = (request, signal) => {
        seen.push(1);
        return decode(request, signal);
      };
      return seen;
    });
    for (let seed = 0; seed < 5; seed++) await make({ numerics: { kind: "class", name: "x" } }, seed);
    expect(decoded.map(({ length }) => length)).toEqual([0, 5, 0]);
    for (let seed = 0; seed < 5; seed++) await make({ numerics: { kind: "class", name: "z" } }, seed);
    expect(decoded.map(({ length }) => length)).toEqual([0, 5, 5]);
  });
});

describe("terms and settings", () => {
  it("a region rule keeps steps and decodings where it says", async () => {
    const { make, machines } = world(["x", "x"], {
      machines: [{ region: "eu-central-1" }, { region: "us-east-1" }],
    });
    for (let seed = 0; seed < 10; seed++) await make({ region: "eu" }, seed);
    expect(machines[1]!.asked).toBe(0);
  });

  it("an endpoint that costs more than a step earns is not asked, once its cost is known", async () => {
    const price = { second: 1_000_000, gigabyte: 0 };
    const { make, machines } = world(["x", "x"], {
      offers: [{ price }, undefined],
      settings: { creditValue: 1 },
    });
    const earnings = Array(K).fill(100);
    for (let seed = 0; seed < 10; seed++) await make({ earnings }, seed);
    const { asked } = machines[0]!;
    for (let seed = 10; seed < 30; seed++) await make({ earnings }, seed);
    // Of decodings nothing is said to be earned: they may still go there.
    expect(machines[0]!.asked - asked).toBeLessThanOrEqual(20);
    const { records } = await make({ earnings }, 99);
    expect(new Set(records.map(({ routes }) => routes[0]!.endpoint))).toEqual(new Set(["b"]));
  });

  it("a drained provider gets nothing that others can serve, and a price set goes before its config's", async () => {
    const { make, machines, fleet, changes } = world(["x", "x"]);
    expect(fleet.setDrain("a", true)).toBe(true);
    expect(fleet.setPrice("b", { second: 5, gigabyte: 6 })).toBe(true);
    expect(fleet.setDrain("nobody", true)).toBe(false);
    for (let seed = 0; seed < 10; seed++) await make({}, seed);
    expect(machines[0]!.asked).toBe(0);
    expect(changes.map(({ providers }) => Object.keys(providers))).toEqual([["a"], ["b"]]);
    expect(fleet.explain("tiny").candidates).toMatchObject([
      { drained: true, whyNotNow: "drained" },
      { drained: false, price: { second: 5, gigabyte: 6 } },
    ]);
    fleet.setDrain("a", false);
    for (let seed = 10; seed < 20; seed++) await make({}, seed);
    expect(machines[0]!.asked).toBeGreaterThan(0);
  });

  it("never has more calls at a provider than its config allows, and every picture has its turn", async () => {
    const { clock, fleet, terms, machines } = world(["x", "x"], {
      offers: [{ concurrency: 2 }, { concurrency: 3 }],
    });
    const most = [0, 0];
    const gauge = () => {
      for (const [i, { inFlight }] of fleet.explain("tiny").candidates.entries())
        most[i] = Math.max(most[i]!, inFlight);
    };
    const drawings = Array.from({ length: 30 }, (_, seed) =>
      draw(tinyPlan({ seed }), fleet.sourceFor(terms()), clock, { id: `gen${seed}`, onCommit: gauge }),
    );
    await clock.finish(Promise.all(drawings));
    expect(most[0]).toBeLessThanOrEqual(2);
    expect(most[1]).toBeLessThanOrEqual(3);
    expect(machines.every(({ asked }) => asked > 30)).toBe(true);
    for (const { inFlight, queue } of fleet.explain("tiny").candidates)
      expect([inFlight, queue]).toEqual([0, 0]);
  });

  it("gives the slot of a run that was lost to the run that takes its place", async () => {
    const { clock, fleet, terms, machines } = world(["x"], { offers: [{ concurrency: 1 }] });
    const lost = fleet.sourceFor(terms());
    const silent = {
      decode: lost.decode,
      // Whoever asked has gone: nobody reads the answer.
      step: async (...asked: Parameters<typeof lost.step>) => {
        await lost.step(...asked);
        return await new Promise<never>(() => {});
      },
    };
    void draw(tinyPlan({ seed: 1 }), silent, clock);
    await clock.finish(clock.sleep(1_000));
    expect(fleet.explain("tiny").candidates[0]).toMatchObject({ inFlight: 1, whyNotNow: "full" });
    const began = clock.now();
    await clock.finish(draw(tinyPlan({ seed: 1 }), fleet.sourceFor(terms()), clock));
    expect(clock.now() - began).toBeLessThan(1_000);
    expect(machines[0]!.asked).toBe(1 + K + 1);
  });

  it("an isolate that is told what another has learnt asks no endpoint that is out of use", async () => {
    const one = world(["x", "x"]);
    one.machines[0]!.becomes({ kind: "credentials" });
    for (let seed = 0; seed < 10; seed++) await one.make({}, seed);
    const other = world(["x", "x"]);
    await other.clock.finish(other.clock.sleep(one.clock.now() - other.clock.now()));
    other.fleet.merge(JSON.parse(JSON.stringify(one.fleet.snapshot())));
    expect(other.fleet.explain("tiny").candidates[0]).toMatchObject({ whyNotNow: "breaker" });
    await other.make();
    expect(other.machines[0]!.asked).toBe(0);
    expect(one.changes.length).toBeGreaterThan(0);
  });

  it("accounts for every call: answered, failed or left", async () => {
    const { make, machines, fleet } = world(["x", "x", "y"]);
    machines[0]!.becomes({ kind: "corrupt", share: 0.5, where: "row" });
    machines[1]!.becomes({ kind: "flaky", share: 0.3 });
    for (let seed = 0; seed < 40; seed++) await make({}, seed);
    for (const [i, { counters }] of fleet.explain("tiny").candidates.entries()) {
      const faults = Object.values(counters.faults).reduce((sum, count) => sum + count, 0);
      expect(counters.asked).toBe(machines[i]!.asked);
      expect(counters.answered + counters.left + faults).toBe(counters.asked);
      expect(Object.values(counters.billed).reduce((sum, count) => sum + count, 0)).toBe(faults);
    }
  });
});
