/** What isolates take over from each other, and what they do not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { world } from "../../test/routing/world.ts";
import { Hub } from "./hub.ts";
import { policy } from "./policy.ts";
import { Run } from "./run.ts";
import type { SharedEndpoint, SharedFleet } from "./shared.ts";

const settings = { creditValue: null, hedging: false };
const of = (leaf: SharedEndpoint): SharedFleet => ({ endpoints: { "a/tiny": leaf }, providers: {} });

describe("what another isolate tells", () => {
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
    expect(one.shared()).toBeGreaterThan(0);
  });

  it("by a clock that is ahead keeps no endpoint out of use for longer", async () => {
    const { make, machines, clock, fleet } = world(["x"]);
    await make();
    const at = clock.now() + 600_000;
    fleet.merge(of({ breaker: { open: true, until: at + 1_000, openings: 1, at } }));
    expect(fleet.explain("tiny").candidates[0]!.breaker.phase).toBe("open");
    await clock.finish(clock.sleep(2 * policy.breaker.capMs + 1));
    await make({}, 2);
    expect(fleet.explain("tiny").candidates[0]!.breaker.phase).toBe("closed");
    expect(machines[0]!.asked).toBe(10);
  });

  it("is left where a number of it is none, or not above 0", async () => {
    const { make, clock, fleet } = world(["x", "x"]);
    for (let seed = 0; seed < 10; seed++) await make({}, seed);
    const before = fleet.explain("tiny").candidates[0]!;
    const bad = fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY, null as unknown as number);
    const sound = { ms: 1, usualMs: 1, load: 1, deviceMs: 1, bytes: 1, worked: [1], workedAt: 1 };
    fc.assert(
      fc.property(bad, fc.constantFrom("ms", "usualMs"), (value, name) => {
        const at = clock.now() + 1;
        fleet.merge(
          of({
            slowness: { value, typicalMs: 1, at },
            expected: { "0": { ...sound, [name]: value, at } },
          }),
        );
        const { slowness, calls } = fleet.explain("tiny").candidates[0]!;
        expect([slowness, calls["0"]!.ms]).toEqual([before.slowness, before.calls["0"]!.ms]);
      }),
    );
  });
});

describe("a price", () => {
  it("that the operator set is the config's again when it is taken back", () => {
    const { fleet, clock } = world(["x"], { offers: [{ price: { second: 7, gigabyte: 8 } }] });
    const shown = () => fleet.explain("tiny").candidates[0];
    expect(shown()).toMatchObject({ price: { second: 7, gigabyte: 8 }, priceFrom: "config" });
    expect(fleet.setPrice("a", { second: 1, gigabyte: 2 })).toBe(true);
    expect(shown()).toMatchObject({ price: { second: 1, gigabyte: 2 }, priceFrom: "operator" });
    clock.at(clock.now() + 5, () => fleet.setPrice("a", null));
    return clock.run().then(() => {
      expect(shown()).toMatchObject({ price: { second: 7, gigabyte: 8 }, priceFrom: "config" });
      expect(fleet.setPrice("nobody", null)).toBe(false);
    });
  });

  it("that the operator set goes to other isolates, and is worth nothing under another config", () => {
    const price = { second: 7, gigabyte: 8 };
    const one = world(["x"], { offers: [{ price }] });
    one.fleet.setPrice("a", { second: 1, gigabyte: 2 });
    const told = JSON.parse(JSON.stringify(one.fleet.snapshot())) as SharedFleet;
    const same = world(["x"], { offers: [{ price }] });
    same.fleet.merge(told);
    expect(same.fleet.explain("tiny").candidates[0]).toMatchObject({ price: { second: 1, gigabyte: 2 } });
    const redeployed = world(["x"], { offers: [{ price: { second: 9, gigabyte: 8 } }] });
    redeployed.fleet.merge(told);
    expect(redeployed.fleet.explain("tiny").candidates[0]).toMatchObject({
      price: { second: 9, gigabyte: 8 },
      priceFrom: "config",
    });
    expect(redeployed.fleet.snapshot().providers).toEqual(told.providers);
  });
});

it("a claim of an object that has gone without a word is forgotten when its time is over", async () => {
  const { clock, fleet, terms } = world(["x"]);
  const ports = { now: clock.now, random: () => 0, sleep: clock.sleep, log: () => undefined };
  const hub = new Hub(fleet.offers, ports, settings);
  const lost = new Run(0, terms());
  for (let i = 0; i < 5; i++) hub.claim(`lost-${i}`, lost, null, clock.now() + 30_000);
  expect(hub.claims).toBe(5);
  await clock.finish(clock.sleep(30_000 + policy.graceMs + 1));
  expect(hub.claims).toBe(0);
});
