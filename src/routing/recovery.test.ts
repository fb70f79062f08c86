/** How an endpoint stays in use, or comes back into it, whatever clocks, headers and refusals say. */
import { describe, expect, it } from "vitest";
import { randomOf } from "../../test/random.ts";
import { draw } from "../../test/routing/drawing.ts";
import { tinyPlan } from "../../test/routing/tiny.ts";
import { world } from "../../test/routing/world.ts";
import { Fleet } from "./fleet.ts";

describe("an endpoint", () => {
  it("whose calls take no time by the clock is asked like the other", async () => {
    const { clock, fleet, terms, machines } = world(["x", "x"]);
    // Many calls begin and end in the same step of the clock.
    const ports = {
      now: () => Math.floor(clock.now() / 4),
      random: randomOf(3).next,
      sleep: clock.sleep,
    };
    const coarse = new Fleet(
      fleet.offers,
      { ...ports, log: () => undefined },
      { creditValue: null, hedging: false },
    );
    for (let seed = 0; seed < 60; seed++)
      await clock.finish(draw(tinyPlan({ seed }), coarse.sourceFor(terms()), clock));
    for (const { slowness } of coarse.explain("tiny").candidates) expect(slowness).toBeGreaterThan(0);
    for (const { asked } of machines) expect(asked).toBeGreaterThan(30);
  });

  it("that says it is overloaded, and to come back at once, is left alone for longer each time", async () => {
    const { make, machines } = world(["x", "x"]);
    for (let seed = 0; seed < 20; seed++) await make({}, seed);
    machines[0]!.becomes({ kind: "overload", retryAfterMs: 0 });
    const { asked } = machines[0]!;
    for (let seed = 100; seed < 200; seed++) await make({}, seed);
    expect(machines[0]!.asked - asked).toBeLessThan(10);
  });

  it("that was cold and refuses the first request after is awake", async () => {
    const { make, machines, clock } = world(["x"]);
    await make();
    machines[0]!.becomes({ kind: "cold", retryAfterMs: null });
    clock.at(clock.now() + 500, () => machines[0]!.becomes({ kind: "rejects" }));
    clock.at(clock.now() + 3_000, () => machines[0]!.becomes(null));
    await expect(make({}, 2)).rejects.toMatchObject({ fault: { kind: "rejected" } });
    await clock.finish(clock.sleep(3_000));
    const began = clock.now();
    await make({}, 3);
    expect(clock.now() - began).toBeLessThan(500);
  });

  it("that is drained and well makes the pictures when the other one hangs", async () => {
    const { make, machines, clock, fleet } = world(["x", "x"]);
    for (let seed = 0; seed < 40; seed++) await make({}, seed);
    fleet.setDrain("a", true);
    machines[1]!.becomes({ kind: "hang" });
    const began = clock.now();
    for (let seed = 100; seed < 103; seed++) await make({}, seed);
    expect(clock.now() - began).toBeLessThan(5_000);
  });
});
