/** The books of the simulation, kept by the ledger's own transitions; what they refuse is written down as wrong. */
import {
  type Amounts,
  add,
  type Held,
  NOTHING,
  post,
  type Transfer,
} from "../../src/metering/ledger/transfer.ts";

const granted = 1_000_000_000;

export class Books {
  #balances: Amounts = NOTHING;
  #legs: Amounts = NOTHING;
  readonly #held = new Map<string, Held>();
  readonly wrong: string[] = [];

  constructor() {
    this.#post(null, { kind: "grant", amount: granted });
  }

  reserve(id: string, amount: number): void {
    this.#post(id, { kind: "reserve", amount });
  }

  settle(id: string, charge: number): void {
    this.#post(id, { kind: "settle", charge });
  }

  release(id: string): void {
    this.#post(id, { kind: "release" });
  }

  /** @returns what was charged for a generation; null while it is held */
  chargeOf(id: string): number | null {
    const held = this.#held.get(id);
    return held?.ended ? held.charge : null;
  }

  /** @returns what does not add up */
  audit(): string[] {
    const { granted: from, available, held, charged } = this.#balances;
    const charges = [...this.#held.values()].reduce((sum, one) => sum + one.charge, 0);
    return [
      ...this.wrong,
      ...(from + available + held + charged === 0 ? [] : ["the books do not sum to zero"]),
      ...(charged === charges ? [] : [`${charged} are charged, the generations say ${charges}`]),
      ...(held === 0 ? [] : [`${held} are held by nobody`]),
      ...(JSON.stringify(this.#legs) === JSON.stringify(this.#balances) ? [] : ["legs and balances differ"]),
    ];
  }

  #post(id: string | null, transfer: Transfer): void {
    const posting = post(this.#balances, id === null ? null : (this.#held.get(id) ?? null), transfer);
    if (posting.kind === "refused") {
      this.wrong.push(`${id}: ${transfer.kind} is refused: ${posting.why}`);
      return;
    }
    this.#balances = posting.balances;
    this.#legs = add(this.#legs, posting.legs);
    if (id !== null && posting.held) this.#held.set(id, posting.held);
  }
}
