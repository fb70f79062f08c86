/** Every fault at every step and at decoding, one at a time: a list of trials, and who makes them happen. */

import type { Random } from "../../random.ts";
import type { Director, Member } from "../endpoints/fleet.ts";
import { type Address, type Asked, STEPS } from "../proxy/asked.ts";
import { ACTS, type Fault } from "../proxy/fault.ts";
import type { FaultRecord } from "./record.ts";

export interface Trial {
  readonly address: Exclude<Address, "preview">;
  readonly fault: Fault;
}

const ADDRESSES: readonly Trial["address"][] = [...Array.from({ length: STEPS }, (_, k) => k), "decode"];

/** All of them, in an order of their own. */
export function trialsOf(random: Random): Trial[] {
  const all = ADDRESSES.flatMap((address) =>
    ACTS.map((act) => ({ address, fault: { act, luck: random.next() }, order: random.next() })),
  );
  return all.sort((a, b) => a.order - b.order).map(({ address, fault }) => ({ address, fault }));
}

/** Spoils the first answer of one class that a trial means, and no other. */
export class OneFault implements Director {
  readonly #members: readonly Member[];
  readonly record: FaultRecord;
  readonly #next = new Map<string, Trial>();

  constructor(members: readonly Member[], record: FaultRecord) {
    this.#members = members;
    this.record = record;
  }

  /** From now on the next answer of that class which the trial means is spoilt. */
  prepare(numerics: string, trial: Trial): void {
    this.#next.set(numerics, trial);
  }

  /** Whether what was prepared has not come about. */
  isWaiting(numerics: string): boolean {
    return this.#next.has(numerics);
  }

  decide(endpoint: string, { address }: Asked): Fault | null {
    const { numerics } = this.#members.find(({ name }) => name === endpoint)!;
    const trial = this.#next.get(numerics);
    if (!trial || address !== occasionOf(trial)) return null;
    this.#next.delete(numerics);
    return trial.fault;
  }
}

/** A port that is to be shut for a step is shut with the answer before it; before step 0 there is none. */
export function occasionOf({ address, fault }: Trial): Address | null {
  if (fault.act.kind !== "refuse") return address;
  if (address === 0) return null;
  return address === "decode" ? STEPS - 1 : address - 1;
}
