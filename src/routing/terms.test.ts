/** What a generation may ask of the fleet, and what the operator may set. */
import { describe, expect, it } from "vitest";
import { draw } from "../../test/routing/drawing.ts";
import { tinyPlan } from "../../test/routing/tiny.ts";
import { undisturbed, world } from "../../test/routing/world.ts";

const K = 4;
/** Of a picture whose first steps are in the journal, drawn in x. */
const strict = { numerics: { kind: "exact" }, homeClass: "x" } as const;
/** Two of one class, of which the second is not exact. */
const oneInexact = { offers: [undefined, { numerics: { class: "x", exact: false } }] };

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
    await expect(make(strict)).rejects.toMatchObject({ fault: { kind: "credentials" } });
    expect(machines[1]!.asked).toBe(0);
  });

  it("an exact picture goes on at no endpoint of its class that is not exact itself", async () => {
    const { make, machines } = world(["x", "x"], oneInexact);
    machines[0]!.becomes({ kind: "credentials" });
    await expect(make(strict)).rejects.toMatchObject({ fault: { kind: "credentials" } });
    expect(machines[1]!.asked).toBe(0);
  });

  it("an exact picture is decoded by an endpoint that is exact itself", async () => {
    const { make, machines } = world(["x", "x"], oneInexact);
    for (let seed = 0; seed < 10; seed++) await make({ numerics: { kind: "exact" } }, seed);
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

  it("a relaxed picture whose class hangs is not kept waiting as if there were no other", async () => {
    const { make, machines, clock, fleet, terms } = world(["x", "y"]);
    for (let seed = 0; seed < 40; seed++) await make({}, seed);
    const began = clock.now();
    const hang = (name: string) =>
      machines.find(({ options }) => options.name === name)!.becomes({ kind: "hang" });
    const { records } = await clock.finish(
      draw(tinyPlan({ seed: 99 }), fleet.sourceFor(terms()), clock, {
        onCommit: (step, _, { routes }) => step === 0 && hang(routes[0]!.endpoint),
      }),
    );
    expect(clock.now() - began).toBeLessThan(1_500);
    expect(new Set(records.map(({ routes }) => routes[0]!.endpoint)).size).toBe(2);
  });

  it("relaxed pictures whose class is full go to another after a short wait, and none is lost", async () => {
    const { clock, fleet, terms, machines } = world(["x", "x", "y"], {
      machines: [{ speed: 300 }, { speed: 300 }, { speed: 300 }],
      offers: [{ concurrency: 1 }, { concurrency: 1 }, { concurrency: 4 }],
    });
    const home = terms({ homeClass: "x" });
    const drawings = Array.from({ length: 24 }, (_, seed) =>
      draw(tinyPlan({ seed }), fleet.sourceFor(home), clock, { id: `gen${seed}` }),
    );
    await clock.finish(Promise.all(drawings));
    for (const { asked } of machines) expect(asked).toBeGreaterThan(K + 1);
  });

  it("a relaxed picture waits for its own class about as long as the step takes there", async () => {
    const { make, clock, fleet, terms } = world(["x", "y"], {
      machines: [{ speed: 30 }, { speed: 30 }],
      offers: [{ concurrency: 1 }],
    });
    for (let seed = 0; seed < 40; seed++) await make({}, seed);
    const home = terms({ homeClass: "x" });
    void draw(tinyPlan({ seed: 1, sides: [1] }), fleet.sourceFor(home), clock, { id: "first" });
    await clock.finish(clock.sleep(10));
    const { records } = await clock.finish(
      draw(tinyPlan({ seed: 2 }), fleet.sourceFor(home), clock, { id: "second" }),
    );
    expect(new Set(records.map(({ routes }) => routes[0]!.endpoint))).toEqual(new Set(["a"]));
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

  it("an endpoint that costs more than a step earns is not asked, once several answers have shown it", async () => {
    const price = { second: 1_000_000, gigabyte: 0 };
    const { make, machines } = world(["x", "x"], {
      offers: [{ price }, undefined],
      settings: { creditValue: 1 },
    });
    const earnings = Array(K).fill(100);
    for (let seed = 0; seed < 60; seed++) await make({ earnings }, seed);
    const { asked } = machines[0]!;
    for (let seed = 60; seed < 80; seed++) await make({ earnings }, seed);
    // Of decodings nothing is said to be earned: they may still go there.
    expect(machines[0]!.asked - asked).toBeLessThanOrEqual(20);
    const { records } = await make({ earnings }, 99);
    expect(new Set(records.map(({ routes }) => routes[0]!.endpoint))).toEqual(new Set(["b"]));
  });

  it("an endpoint that was slow at its first call, or late, is not too dear by that", async () => {
    const price = { second: 1_000, gigabyte: 0 };
    const earnings = Array(K).fill(100);
    for (const kind of ["gray", "hang"] as const) {
      const { make, machines } = world(["x"], { offers: [{ price }], settings: { creditValue: 1 } });
      machines[0]!.becomes({ kind, times: 1_000 });
      await make({ earnings }, 0).catch(() => undefined);
      machines[0]!.becomes(null);
      for (let seed = 1; seed < 10; seed++) await make({ earnings }, seed);
    }
  });

  it("an endpoint that was too dear is asked by one call a minute, and by all once it is cheap", async () => {
    const price = { second: 10_000, gigabyte: 0 };
    const { make, machines, clock, fleet, terms } = world(["x", "x"], {
      offers: [{ price, serves: ["step"] }, undefined],
      settings: { creditValue: 1 },
    });
    const earnings = [20];
    const plan = (seed: number) => tinyPlan({ seed, sides: [1] });
    machines[0]!.becomes({ kind: "gray", times: 3 });
    fleet.setDrain("b", true);
    for (let seed = 0; seed < 10; seed++) await make({ earnings }, seed, plan(seed));
    expect(machines[0]!.asked).toBe(5);
    fleet.setDrain("b", false);
    const askedWithin = async (seeds: number) => {
      const before = machines[0]!.asked;
      const crowd = Array.from({ length: seeds }, (_, seed) =>
        draw(plan(seed), fleet.sourceFor(terms({ earnings })), clock, { id: `crowd${seed}` }),
      );
      await clock.finish(Promise.all(crowd));
      return machines[0]!.asked - before;
    };
    expect(await askedWithin(8)).toBe(0);
    await clock.finish(clock.sleep(60_000));
    expect(await askedWithin(8)).toBe(1);
    machines[0]!.becomes(null);
    for (let minute = 0; minute < 4; minute++) {
      await clock.finish(clock.sleep(60_000));
      await askedWithin(8);
    }
    expect(await askedWithin(8)).toBeGreaterThan(1);
  });

  it("a drained provider gets nothing that others can serve, and a price set goes before its config's", async () => {
    const { make, machines, fleet, shared } = world(["x", "x"]);
    expect(fleet.setDrain("a", true)).toBe(true);
    expect(fleet.setPrice("b", { second: 5, gigabyte: 6 })).toBe(true);
    expect(fleet.setDrain("nobody", true)).toBe(false);
    for (let seed = 0; seed < 10; seed++) await make({}, seed);
    expect(machines[0]!.asked).toBe(0);
    expect(shared()).toBe(2);
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
