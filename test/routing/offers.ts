/** Machines as the offers of a provider file. */
import type { Offer } from "../../adapters/providers/load.ts";
import type { Machine } from "./machine.ts";
import { tinyPlan } from "./tiny.ts";

const { model, revision, schedule } = tinyPlan({ seed: 1 });

/** @returns the offer of a machine; exact, free and of weight 1 unless said otherwise */
export function offerOf(machine: Machine, changes: Partial<Offer> = {}): Offer {
  const { name, numerics, region = null, parallel } = machine.options;
  return {
    ...{ provider: name, kind: "triton", region, model, revision, source: machine },
    numerics: { class: numerics, exact: true },
    serves: ["step", "decode"],
    schedules: [schedule],
    price: { second: 0, gigabyte: 0 },
    weight: 1,
    concurrency: 2 * parallel,
    timeoutMs: null,
    area: null,
    ...changes,
  };
}
