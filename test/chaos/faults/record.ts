/** What proxies did in a run: counted by name, and kept by generation. */
import type { Asked } from "../proxy/asked.ts";
import { type Fault, nameOf } from "../proxy/fault.ts";

export interface Incident {
  readonly endpoint: string;
  readonly address: Asked["address"];
  readonly fault: string;
  /** False: the answer had no place for it, and went out as it was. */
  readonly isDone: boolean;
}

export class FaultRecord {
  readonly #counts = new Map<string, number>();
  readonly #incidents = new Map<string, Incident[]>();
  /** Faults that an answer had no place for. */
  #missed = 0;

  add(endpoint: string, { generation, address }: Asked, { act }: Fault, isDone: boolean): void {
    if (!isDone) this.#missed++;
    else this.count(nameOf(act));
    const incident = { endpoint, address, fault: nameOf(act), isDone };
    this.#incidents.set(generation, [...this.of(generation), incident]);
  }

  /** Counts what no request was answered with: a shut port. */
  count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  of(generation: string): readonly Incident[] {
    return this.#incidents.get(generation) ?? [];
  }

  get missed(): number {
    return this.#missed;
  }

  /** How often each was done. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort());
  }
}
