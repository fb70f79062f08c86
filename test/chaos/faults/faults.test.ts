/** What a seed chooses it chooses again, and what it leaves well is enough. */
import { describe, expect, it } from "vitest";
import { randomOf } from "../../random.ts";
import type { Fleet, Member } from "../endpoints/fleet.ts";
import type { Asked } from "../proxy/asked.ts";
import { ACTS, nameOf } from "../proxy/fault.ts";
import { OneFault, occasionOf, trialsOf } from "./each.ts";
import { FaultRecord } from "./record.ts";
import { type Phase, phaseOf, Weather } from "./weather.ts";

const shut: string[] = [];
const member = (name: string, numerics: string) =>
  ({ name, numerics, url: "", proxy: { shut: () => shut.push(name) } }) as unknown as Member;
const fleetOf = (...members: Member[]) =>
  ({ members, classes: Map.groupBy(members, ({ numerics }) => numerics) }) as unknown as Fleet;
const two = fleetOf(member("a", "x"), member("b", "y"), member("c", "x"), member("d", "y"));
const one = fleetOf(member("a", "x"), member("b", "x"), member("c", "x"), member("d", "x"));

const phases = (seed: number, fleet: Fleet, count = 40): Phase[] => {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, i) => phaseOf(random, i, fleet));
};

describe("the phases of a run", () => {
  it("are the same for the same seed, and others for another", () => {
    expect(phases(3, two)).toEqual(phases(3, two));
    expect(phases(3, two)).not.toEqual(phases(4, two));
  });

  it.each([
    ["two classes", two],
    ["one class", one],
  ])("leave an endpoint of %s well, and let each be asked for where one is", (_, fleet) => {
    for (const { health, alive, what, losesClasses } of phases(5, fleet)) {
      const well = fleet.members.filter(({ name }) => health.get(name) === "well");
      expect(well.length, what).toBeGreaterThan(0);
      expect(new Set(well.map(({ numerics }) => numerics))).toEqual(new Set(alive));
      expect(well.length < fleet.members.length, what).toBe(!losesClasses);
    }
  });

  it("kill a whole class now and then, and all but one", () => {
    const all = phases(6, two);
    expect(all.some(({ alive }) => alive.length === 1)).toBe(true);
    expect(
      all.some(
        ({ health }) => [...health.values()].filter((how) => how !== "well" && how !== "shaky").length === 3,
      ),
    ).toBe(true);
  });
});

describe("a fault", () => {
  const weather = (seed: number) => {
    const made = new Weather(seed, two, new Set([5]), new FaultRecord());
    made.begin({
      what: "",
      health: new Map([
        ["a", "shaky"],
        ["b", "well"],
        ["c", "silent"],
      ]),
      alive: ["y"],
      losesClasses: false,
    });
    return made;
  };
  const asked = (generation: string, address: number, corruptionSeed: number): Asked => ({
    generation,
    address,
    corruptionSeed,
  });
  const spoilt = (seed: number, prefix: string) => {
    const made = weather(seed);
    return Array.from({ length: 200 }, (_, i) =>
      made.decide("a", asked(`${prefix}${i}`, i % 7, Math.floor(i / 7))),
    );
  };

  it("is made of the seed, the caller's number, the step and the attempt, whatever the generation is called", () => {
    expect(spoilt(1, "gen_a")).toEqual(spoilt(1, "gen_b"));
    expect(spoilt(1, "gen_a")).not.toEqual(spoilt(2, "gen_a"));
    const share = spoilt(1, "gen_a").filter((fault) => fault !== null).length / 200;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
  });

  it("takes its class from a picture that may leave it, from some step on, and nothing from others", () => {
    const made = weather(1);
    made.begin({ what: "", health: new Map(), alive: ["x", "y"], losesClasses: true });
    const lost = (endpoint: string, number: number) =>
      Array.from(
        { length: 7 },
        (_, step) => made.decide(endpoint, asked(`gen_${number}`, step, number)) !== null,
      );
    const first = lost("a", 5);
    expect(first[0]).toBe(false);
    expect(first.at(-1)).toBe(true);
    expect(first).toEqual([...first].sort());
    expect(made.decide("d", asked("gen_5", 6, 5))).toBeNull();
    expect(lost("a", 6)).toEqual(Array(7).fill(false));
  });

  it("befalls no endpoint that is well, and every answer of one that is dead", () => {
    const made = weather(1);
    for (let i = 0; i < 50; i++) {
      expect(made.decide("b", asked(`gen_${i}`, 1, i))).toBeNull();
      expect(made.decide("c", asked(`gen_${i}`, 1, i))?.act.kind).toBe("hang");
    }
  });
});

describe("every fault at every step", () => {
  it("is listed once, in an order that the seed repeats", () => {
    const names = (seed: number) =>
      trialsOf(randomOf(seed)).map(({ address, fault }) => `${nameOf(fault.act)} at ${address}`);
    expect(new Set(names(1)).size).toBe(8 * ACTS.length);
    expect(names(1)).toEqual(names(1));
    expect(names(1)).not.toEqual(names(2));
  });

  it("spoils the first answer that is meant, of the class that is meant, and no other", () => {
    const director = new OneFault(two.members, new FaultRecord());
    const trial = { address: 3, fault: { act: { kind: "empty" }, luck: 0 } } as const;
    director.prepare("x", trial);
    const at = (endpoint: string, address: number) =>
      director.decide(endpoint, { generation: "gen_1", address, corruptionSeed: 1 });
    expect([at("a", 2), at("b", 3)]).toEqual([null, null]);
    expect(director.isWaiting("x")).toBe(true);
    expect(at("c", 3)).toEqual(trial.fault);
    expect([at("a", 3), director.isWaiting("x")]).toEqual([null, false]);
  });

  it("shuts a port with the answer before, and before the first step without one", () => {
    const fault = { act: { kind: "refuse", ms: 1 }, luck: 0 } as const;
    expect(([0, 4, "decode"] as const).map((address) => occasionOf({ address, fault }))).toEqual([
      null,
      3,
      6,
    ]);
  });
});
