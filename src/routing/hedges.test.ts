import { describe, expect, it } from "vitest";
import { Fault } from "../../adapters/fault.ts";
import type { Drawing } from "../../test/routing/drawing.ts";
import { tinyPlan } from "../../test/routing/tiny.ts";
import { world } from "../../test/routing/world.ts";

const reasonsOf = ({ records }: Drawing) => records.map(({ routes }) => routes[0]!.reason);

describe("hedging", () => {
  it("asks elsewhere for a late step, counts the first answer, and leaves the other", async () => {
    const { make, machines, fleet } = world(["x", "x"], { settings: { hedging: true } });
    for (let seed = 0; seed < 60; seed++) await make({}, seed);
    machines[0]!.becomes({ kind: "gray", times: 5 });
    const drawings: Drawing[] = [];
    for (let seed = 60; seed < 80; seed++) drawings.push(await make({}, seed));
    expect(drawings.flatMap(reasonsOf)).toContain("hedge");
    const { candidates } = fleet.explain("tiny");
    const left = candidates.reduce((sum, { counters }) => sum + counters.left, 0);
    const asked = candidates.reduce((sum, { counters }) => sum + counters.asked, 0);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(0.05 * asked);
    for (const { inFlight, counters } of candidates) {
      expect(inFlight).toBe(0);
      expect(counters.faults).toEqual({});
    }
  });

  it("writes down that the first failed, though the second answered", async () => {
    const { make, machines, fleet, clock } = world(["x", "x"], { settings: { hedging: true } });
    for (let seed = 0; seed < 60; seed++) await make({}, seed);
    const [first, second] = machines;
    const untouched = first!.step.bind(first);
    first!.step = async () => {
      await clock.sleep(300);
      throw new Fault({ kind: "corrupt" }, "a", "yes", "late garbage");
    };
    const step = second!.step.bind(second);
    second!.step = async (request, signal) => {
      await clock.sleep(500);
      return step(request, signal);
    };
    const plan = (seed: number) => make({}, seed, tinyPlan({ seed, sides: [1] }));
    const drawings: Drawing[] = [];
    for (let seed = 60; seed < 70; seed++) drawings.push(await plan(seed));
    first!.step = untouched;
    const hedged = drawings
      .flatMap(({ records }) => records[0]!.routes)
      .find(({ reason }) => reason === "hedge");
    const tried = [{ endpoint: "a", fault: "corrupt", billed: "yes" }];
    expect(hedged).toMatchObject({ endpoint: "b", tried });
    const { breaker, counters } = fleet.explain("tiny").candidates[0]!;
    expect(breaker.openings).toBeGreaterThan(0);
    expect(counters.faults.corrupt).toBeGreaterThan(0);
    expect(counters.left).toBe(0);
  });

  it("loses no slot when both fail", async () => {
    const { make, machines, fleet } = world(["x", "x"], { settings: { hedging: true } });
    for (let seed = 0; seed < 60; seed++) await make({}, seed);
    for (const machine of machines) machine.becomes({ kind: "hang" });
    await expect(make({}, 99)).rejects.toBeInstanceOf(Fault);
    for (const { inFlight } of fleet.explain("tiny").candidates) expect(inFlight).toBe(0);
  });
});
