import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Amounts, books, type Held, NOTHING, post, type Transfer } from "./transfer.ts";

const amount = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 1_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 0.5, Number.NaN, 2 ** 53, Number.MAX_SAFE_INTEGER) },
);
const transfer: fc.Arbitrary<Transfer> = fc.oneof(
  fc.record({ kind: fc.constant("grant" as const), amount }),
  fc.record({ kind: fc.constant("reserve" as const), amount }),
  fc.record({ kind: fc.constant("settle" as const), charge: amount }),
  fc.record({ kind: fc.constant("release" as const) }),
  fc.record({ kind: fc.constant("adjust" as const), amount }),
);
const generation = fc.constantFrom("a", "b", "c", "d");
const steps = fc.array(fc.record({ generation, transfer }), { maxLength: 80 });

/** The books as somebody would keep them who writes down what is whose, and adds it up when asked. */
class Model {
  granted = 0;
  readonly holds = new Map<string, { amount: number; charge: number | null; refunded: number }>();

  get available(): number {
    const gone = [...this.holds.values()].map(({ amount, charge, refunded }) =>
      charge === null ? amount : charge - refunded,
    );
    return this.granted - gone.reduce((sum, one) => sum + one, 0);
  }

  /** Whether it was allowed. */
  apply(id: string, transfer: Transfer): boolean {
    const hold = this.holds.get(id);
    const whole = (value: number) => Number.isSafeInteger(value) && value >= 0;
    switch (transfer.kind) {
      case "grant":
        if (!whole(transfer.amount) || transfer.amount === 0 || !whole(this.granted + transfer.amount))
          return false;
        this.granted += transfer.amount;
        return true;
      case "reserve":
        if (!whole(transfer.amount) || transfer.amount === 0 || hold || transfer.amount > this.available)
          return false;
        this.holds.set(id, { amount: transfer.amount, charge: null, refunded: 0 });
        return true;
      case "settle":
        if (!hold || hold.charge !== null || !whole(transfer.charge) || transfer.charge > hold.amount)
          return false;
        hold.charge = transfer.charge;
        return true;
      case "release":
        if (!hold || hold.charge !== null) return false;
        hold.charge = 0;
        return true;
      case "adjust":
        if (!hold || hold.charge === null || !whole(transfer.amount) || transfer.amount === 0) return false;
        if (hold.refunded + transfer.amount > hold.charge) return false;
        hold.refunded += transfer.amount;
        return true;
    }
  }
}

describe("transfers", () => {
  it("agree with a simple model, sum to zero and never leave a book below zero", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const model = new Model();
        let balances: Amounts = NOTHING;
        const held = new Map<string, Held>();
        for (const { generation, transfer } of all) {
          const posting = post(
            balances,
            transfer.kind === "grant" ? null : (held.get(generation) ?? null),
            transfer,
          );
          expect(posting.kind === "posted").toBe(model.apply(generation, transfer));
          if (posting.kind === "refused") continue;
          expect(books.reduce((sum, book) => sum + posting.legs[book], 0)).toBe(0);
          balances = posting.balances;
          if (posting.held) held.set(generation, posting.held);
          expect(Math.min(balances.available, balances.held, balances.charged)).toBeGreaterThanOrEqual(0);
        }
        const live = [...model.holds.values()].filter(({ charge }) => charge === null);
        expect(balances).toEqual({
          granted: 0 - model.granted,
          available: model.available,
          held: live.reduce((sum, { amount }) => sum + amount, 0),
          charged: [...model.holds.values()].reduce((sum, one) => sum + (one.charge ?? 0) - one.refunded, 0),
        });
      }),
      { numRuns: 300 },
    );
  });

  const rich = { granted: -100, available: 100, held: 0, charged: 0 };
  const live: Held = { amount: 10, ended: false, charge: 0, refunded: 0 };
  const charged: Held = { amount: 10, ended: true, charge: 8, refunded: 5 };
  it.each([
    ["a grant of nothing", null, { kind: "grant", amount: 0 }, "invalid_amount"],
    [
      "a grant past whole numbers",
      null,
      { kind: "grant", amount: Number.MAX_SAFE_INTEGER },
      "balance_too_large",
    ],
    ["half a micro-credit", null, { kind: "reserve", amount: 0.5 }, "invalid_amount"],
    ["more than is available", null, { kind: "reserve", amount: 101 }, "insufficient_credit"],
    ["a second hold", live, { kind: "reserve", amount: 1 }, "already_held"],
    ["the end of what was never held", null, { kind: "release" }, "unknown_generation"],
    ["a charge above the hold", live, { kind: "settle", charge: 11 }, "above_hold"],
    ["a negative charge", live, { kind: "settle", charge: -1 }, "invalid_amount"],
    ["a second end", charged, { kind: "settle", charge: 1 }, "already_ended"],
    ["a release after the end", charged, { kind: "release" }, "already_ended"],
    ["a refund of a live hold", live, { kind: "adjust", amount: 1 }, "not_ended"],
    ["refunds above the charge in sum", charged, { kind: "adjust", amount: 4 }, "above_charge"],
    ["a refund of what was never held", null, { kind: "adjust", amount: 1 }, "unknown_generation"],
  ] as [string, Held | null, Transfer, string][])("refuse %s by name", (_what, held, transfer, why) => {
    expect(post(rich, held, transfer)).toEqual({ kind: "refused", why });
  });
});
