/** Any one bit of a generation's logits, or of its picture's file, turned over, once: what is caught, and what nobody notices. */
import type { Random } from "../../random.ts";
import type { Director } from "../endpoints/fleet.ts";
import { type Asked, STEPS } from "../proxy/asked.ts";
import type { Fault } from "../proxy/fault.ts";
import type { FaultRecord } from "./record.ts";

/** Of each generation, by its caller's number, the answer that is spoilt. */
export class OneFlip implements Director {
  readonly #flips: ReadonlyMap<number, { readonly place: number; readonly luck: number }>;
  readonly record: FaultRecord;
  readonly #numbers = new Map<string, number>();
  readonly #done = new Set<string>();

  constructor(random: Random, numbers: readonly number[], record: FaultRecord) {
    this.#flips = new Map(
      numbers.map((number) => [number, { place: random.whole(STEPS + 1), luck: random.next() }]),
    );
    this.record = record;
  }

  decide(_endpoint: string, { generation, address, corruptionSeed }: Asked): Fault | null {
    if (corruptionSeed !== null) this.#numbers.set(generation, corruptionSeed);
    const flip = this.#flips.get(this.#numbers.get(generation) ?? -1);
    const place = address === "decode" ? STEPS : address;
    if (flip?.place !== place || this.#done.has(generation)) return null;
    this.#done.add(generation);
    return { act: { kind: "flip", where: "tensor" }, luck: flip.luck };
  }
}
