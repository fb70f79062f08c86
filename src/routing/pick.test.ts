import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomOf } from "../../test/random.ts";
import { type Circumstances, choose, isAdmitted, type Standing } from "./pick.ts";

type Named = Standing<string>;

const standing = (endpoint: string, changes: Partial<Named> = {}): Named => ({
  endpoint,
  ...{ breaker: "closed", rest: "awake", restUntil: 0, drained: false, hasRoom: true, pressure: 0 },
  ...{ rating: { timeMs: 100, cost: 1 }, warmMs: 100, pictures: 1, againAt: null },
  ...changes,
});

const { next: random } = randomOf(5);
const circumstances = (changes: Partial<Circumstances<string>> = {}): Circumstances<string> => ({
  ...{ sticky: null, isRetry: false, isOnly: false, route: "fastest", now: 1_000, random },
  ...changes,
});

const [a, b, c] = [standing("a"), standing("b"), standing("c")];

/** How often each is chosen, of a thousand times. */
function tally(standings: Named[], changes: Partial<Circumstances<string>> = {}): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < 1_000; i++) {
    const choice = choose(standings, circumstances(changes));
    const key = "endpoint" in choice ? choice.endpoint : choice.kind;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe("the choice", () => {
  it("falls on all alike where all are alike", () => {
    for (const count of Object.values(tally([a, b, c]))) expect(count).toBeGreaterThan(280);
  });

  it("is the better of two: the best most often, the worst never", () => {
    const counts = tally([
      a,
      standing("b", { rating: { timeMs: 200, cost: 1 } }),
      standing("c", { rating: { timeMs: 300, cost: 1 } }),
    ]);
    expect(counts.a).toBeGreaterThan(600);
    expect(counts.b).toBeGreaterThan(250);
    expect(counts.c).toBeUndefined();
  });

  it("of the fastest, the dear and the cheap goes by what the caller prefers", () => {
    const fast = standing("fast", { rating: { timeMs: 50, cost: 40 } });
    const cheap = standing("cheap", { rating: { timeMs: 400, cost: 1 } });
    const middle = standing("middle", { rating: { timeMs: 100, cost: 3 } });
    expect(tally([fast, cheap, middle], { route: "fastest" }).cheap).toBeUndefined();
    expect(tally([fast, cheap, middle], { route: "cheapest" })).toEqual({ cheap: 1_000 });
    expect(tally([fast, cheap, middle], { route: "balanced" }).fast).toBeUndefined();
  });

  it("stays where the cache is", () => {
    const holder = standing("b", { warmMs: 390, rating: { timeMs: 900, cost: 9 } });
    const staying = choose([a, holder], circumstances({ sticky: "b" }));
    expect(staying).toEqual({ kind: "ask", endpoint: "b", reason: "sticky" });
  });

  it.each([
    ["is out of use", { breaker: "open" }],
    ["rests", { rest: "resting" }],
    ["is drained", { drained: true }],
    ["is pressed", { pressure: 0.91, rating: { timeMs: 191, cost: 1 } }],
    ["takes more than four times the best one's time", { warmMs: 401, rating: { timeMs: 401, cost: 1 } }],
    ["has failed this step", { againAt: 1 }],
    ["is full", { hasRoom: false }],
  ] as const)("leaves the cache where its holder %s", (_, changes) => {
    const choice = choose([a, standing("b", changes)], circumstances({ sticky: "b" }));
    expect(choice).toMatchObject({ kind: "ask", endpoint: "a" });
  });

  it("waits at the cache's holder when everybody is full", () => {
    const full = [standing("a", { hasRoom: false }), standing("b", { hasRoom: false })];
    expect(choose(full, circumstances({ sticky: "b" }))).toMatchObject({ kind: "queue", endpoint: "b" });
    expect(choose(full, circumstances())).toMatchObject({ kind: "queue" });
  });

  it("sends one call to who comes back, but no retry, and none that has a cache", () => {
    for (const back of [standing("b", { breaker: "half-open" }), standing("b", { rest: "knockable" })]) {
      const probing = { kind: "ask", endpoint: "b", reason: "probe" };
      expect(choose([a, back], circumstances())).toEqual(probing);
      expect(choose([a, back], circumstances({ isRetry: true }))).toMatchObject({ endpoint: "a" });
      expect(choose([a, back], circumstances({ sticky: "a" }))).toMatchObject({ endpoint: "a" });
      expect(choose([back], circumstances({ isRetry: true }))).toEqual(probing);
    }
  });

  it("lets only half be out of use once the others are full", () => {
    const full = standing("a", { hasRoom: false });
    const open = (name: string) => standing(name, { breaker: "open" });
    expect(choose([full, open("b")], circumstances())).toMatchObject({ kind: "queue", endpoint: "a" });
    expect(choose([full, open("b"), open("c")], circumstances())).toMatchObject({
      kind: "ask",
      reason: "panic",
    });
    expect(choose([a, open("b"), open("c")], circumstances())).toMatchObject({ endpoint: "a" });
  });

  it("asks in spite of everything when nobody is in use", () => {
    const open = standing("a", { breaker: "open" });
    expect(choose([open], circumstances())).toEqual({ kind: "ask", endpoint: "a", reason: "panic" });
  });

  it("takes any where no score is a number", () => {
    const broken = (name: string) => standing(name, { rating: { timeMs: Number.NaN, cost: Number.NaN } });
    for (const route of ["fastest", "balanced", "cheapest"] as const)
      expect(tally([broken("a"), broken("b")], { route })).toEqual({
        a: expect.any(Number),
        b: expect.any(Number),
      });
    expect(tally([a, broken("b")])).toEqual({ a: 1_000 });
  });

  it("takes a drained one that is well before one that is out of use", () => {
    const drained = standing("b", { drained: true });
    const open = standing("a", { breaker: "open" });
    expect(choose([open, drained], circumstances())).toMatchObject({ endpoint: "b", reason: "choice" });
    const full = standing("c", { hasRoom: false });
    const many = ["d", "e", "f"].map((name) => standing(name, { breaker: "open" }));
    expect(choose([...many, full, drained], circumstances())).toMatchObject({ kind: "ask", endpoint: "b" });
  });

  it("takes a drained one when nobody else can", () => {
    const drained = standing("b", { drained: true });
    expect(choose([a, drained], circumstances())).toMatchObject({ endpoint: "a" });
    expect(choose([standing("a", { againAt: 2_000 }), drained], circumstances())).toMatchObject({
      endpoint: "b",
    });
  });

  it("waits for who rests or has failed, whichever may be asked sooner", () => {
    const resting = standing("a", { rest: "resting", restUntil: 3_000 });
    const failed = standing("b", { againAt: 2_000 });
    expect(choose([resting, failed], circumstances())).toEqual({ kind: "wait", until: 2_000 });
    expect(choose([resting], circumstances())).toEqual({ kind: "wait", until: 3_000 });
    expect(choose([resting, failed], circumstances({ now: 2_000 }))).toMatchObject({ endpoint: "b" });
    const never = standing("b", { againAt: Number.POSITIVE_INFINITY });
    expect(choose([never], circumstances())).toEqual({ kind: "none" });
    expect(choose([], circumstances())).toEqual({ kind: "none" });
  });

  it("names the only one there is", () => {
    expect(choose([a], circumstances({ isOnly: true }))).toMatchObject({ reason: "only" });
  });

  it("never passes over an admitted one with room for one that is not", () => {
    const any = fc.record({
      breaker: fc.constantFrom("closed", "open", "half-open", "probing"),
      rest: fc.constantFrom("awake", "resting", "knockable"),
      restUntil: fc.integer({ min: 0, max: 3_000 }),
      drained: fc.boolean(),
      hasRoom: fc.boolean(),
      pressure: fc.double({ min: 0, max: 1, noNaN: true }),
      warmMs: fc.integer({ min: 1, max: 1_000 }),
      rating: fc.record({
        timeMs: fc.integer({ min: 1, max: 1_000 }),
        cost: fc.integer({ min: 0, max: 9 }),
      }),
      againAt: fc.constantFrom(null, 500, 2_000, Number.POSITIVE_INFINITY),
    });
    const route = fc.constantFrom("fastest", "balanced", "cheapest");
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 6 }), route, fc.boolean(), (all, how, isRetry) => {
        const standings = all.map((one, i) => ({ ...one, endpoint: String(i) }) as Named);
        const choice = choose(standings, circumstances({ route: how, isRetry, sticky: "0" }));
        const chosen =
          "endpoint" in choice ? standings.find(({ endpoint }) => endpoint === choice.endpoint)! : null;
        const able = standings.some((one) => isAdmitted(one) && one.hasRoom);
        if (able) {
          expect(choice.kind).toBe("ask");
          if (choice.kind === "ask" && choice.reason !== "probe") expect(isAdmitted(chosen!)).toBe(true);
        }
        if (choice.kind === "ask") expect(chosen!.hasRoom).toBe(true);
        if (choice.kind === "wait") expect(choice.until).toBeGreaterThan(1_000);
        if (chosen?.againAt !== null && chosen !== null) expect(chosen.againAt).toBeLessThanOrEqual(1_000);
        const possible = standings.some(({ againAt }) => againAt !== Number.POSITIVE_INFINITY);
        expect(choice.kind === "none").toBe(!possible);
      }),
    );
  });
});
