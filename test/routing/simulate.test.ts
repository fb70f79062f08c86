/** The simulation's promises, a few hundred schedules of them, and that it is the same each time. */
import { describe, expect, it } from "vitest";
import { seedOf } from "../random.ts";
import { play } from "./play.ts";
import { scheduleOf } from "./schedule.ts";
import { compare } from "./table.ts";

describe("the simulation", () => {
  it("breaks no promise in 300 schedules", { timeout: 120_000 }, async () => {
    const broken: string[] = [];
    let [ends, moves] = [0, 0];
    for (let i = 0; i < 300; i++) {
      const seed = seedOf(20_261_130, i);
      const played = await play(scheduleOf(seed));
      broken.push(...played.broken.map((sentence) => `seed ${seed}: ${sentence}`));
      ends += played.completed + played.failed + played.cancelled;
      moves += played.moves;
      expect(played.generations).toBe(played.completed + played.failed + played.cancelled);
    }
    expect(broken).toEqual([]);
    expect(ends).toBeGreaterThan(1_000);
    expect(moves).toBeGreaterThan(300);
  });

  it.each([
    [875_179_891, "a preview whose object vanished held the only slot"],
    [1_958_161_433, "a decoding whose object vanished held the only slot"],
    [3_619_092_614, "a preview of several groups did"],
  ])("keeps what seed %i once broke: %s", async (seed) => {
    expect((await play(scheduleOf(seed))).broken).toEqual([]);
  });

  it("plays a seed the same way each time", async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      expect(scheduleOf(seed)).toEqual(scheduleOf(seed));
      expect(await play(scheduleOf(seed))).toEqual(await play(scheduleOf(seed)));
    }
  });

  it("finds our policy's tail shorter and less work thrown away where one of four hangs", {
    timeout: 120_000,
  }, async () => {
    const [ours, ...others] = await compare(7, 1, ["hang"]);
    expect(ours!.lost).toBe(0);
    for (const other of others) {
      expect(ours!.p99, other.policy).toBeLessThan(other.p99);
      expect(ours!.thrownAway, other.policy).toBeLessThan(other.thrownAway);
    }
  });
});
