import { describe, expect, it } from "vitest";
import { randomOf } from "../../test/random.ts";
import { Clock } from "../../test/routing/clock.ts";
import { type Lease, Slots } from "./slots.ts";

const never = new AbortController().signal;
const stays = () => true;

describe("a provider's slots", () => {
  it("go by turns to those who wait: one generation after the other, in order within each", async () => {
    const clock = new Clock();
    const slots = new Slots(1, clock);
    const until = clock.now() + 60_000;
    const first = slots.take();
    const order: string[] = [];
    const wait = async (generation: number, name: string) => {
      const lease = await slots.wait(generation, until, stays, never);
      order.push(name);
      lease!.release();
    };
    const all = [wait(1, "1a"), wait(1, "1b"), wait(1, "1c"), wait(2, "2a"), wait(3, "3a"), wait(2, "2b")];
    expect(slots.waiting).toBe(6);
    expect(slots.hasRoom).toBe(false);
    first.release();
    await clock.finish(Promise.all(all));
    expect(order).toEqual(["1a", "2a", "3a", "1b", "2b", "1c"]);
    expect([slots.inUse, slots.waiting, slots.hasRoom]).toEqual([0, 0, true]);
  });

  it("are not waited for beyond the time, the signal, or the sense of it", async () => {
    const clock = new Clock();
    const slots = new Slots(1, clock);
    const began = clock.now();
    slots.take().endsBy(began + 60_000);
    const controller = new AbortController();
    clock.at(began + 300, () => controller.abort());
    const ended: Record<string, number> = {};
    const wait = async (name: string, until: number, still: () => boolean, signal: AbortSignal) => {
      expect(await slots.wait(1, until, still, signal)).toBeNull();
      ended[name] = clock.now() - began;
    };
    await clock.finish(
      Promise.all([
        wait("time", began + 2_500, stays, never),
        wait("signal", began + 9_000, stays, controller.signal),
        wait("sense", began + 9_000, () => clock.now() < began + 500, never),
      ]),
    );
    expect(ended).toEqual({ time: 2_500, signal: 300, sense: 1_000 });
    expect(slots.waiting).toBe(0);
  });

  it("are taken back from who has gone without a word", async () => {
    const clock = new Clock();
    const slots = new Slots(1, clock);
    const began = clock.now();
    const lost = slots.take();
    lost.endsBy(began + 20_000);
    const lease = await clock.finish(slots.wait(1, clock.now() + 60_000, stays, never));
    expect(lease).not.toBeNull();
    expect(clock.now() - began).toBeGreaterThan(25_000);
    expect(clock.now() - began).toBeLessThan(27_000);
    lost.release();
    expect(slots.inUse).toBe(1);
    lease!.release();
    lease!.release();
    expect(slots.inUse).toBe(0);
  });

  it("go past a waiter that has gone without a word, and do not stay shut behind it", async () => {
    const clock = new Clock();
    let isGone = false;
    const sleep = (ms: number) => clock.sleep(isGone ? 1e9 : ms);
    const slots = new Slots(1, { now: clock.now, sleep });
    const lease = slots.take();
    const gone = slots.wait(1, clock.now() + 60_000, stays, never);
    isGone = true;
    lease.endsBy(clock.now() + 5_000);
    await clock.finish(clock.sleep(10_001));
    expect([slots.hasRoom, slots.waiting, slots.inUse]).toEqual([true, 0, 0]);
    void gone;
  });

  it("are never more than there are, and all come back, whoever waits, leaves or comes", async () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = randomOf(seed);
      const clock = new Clock();
      const slots = new Slots(3, clock);
      let held = 0;
      const visit = async (i: number) => {
        await clock.sleep(random.wholeBetween(0, 500));
        const controller = new AbortController();
        clock.at(clock.now() + random.wholeBetween(0, 800), () => controller.abort());
        const until = clock.now() + random.wholeBetween(1, 900);
        const lease: Lease | null = slots.hasRoom
          ? slots.take()
          : await slots.wait(i % 5, until, stays, controller.signal);
        if (lease === null) return;
        held++;
        expect(held).toBeLessThanOrEqual(3);
        await clock.sleep(random.wholeBetween(0, 100));
        held--;
        lease.release();
      };
      await clock.finish(Promise.all(Array.from({ length: 40 }, (_, i) => visit(i))));
      expect([slots.inUse, slots.waiting]).toEqual([0, 0]);
    }
  });
});
