/** Faults of the fleet itself: no endpoint's, and nothing that costs. */
import { Fault, type FaultKind } from "../../adapters/fault.ts";

/** The endpoint such a fault names. */
const fleet = "fleet";

export function fault(kind: Exclude<FaultKind["kind"], "timeout">, text: string): Fault {
  return new Fault({ kind }, fleet, "no", text);
}

export function nobody(model: string): Fault {
  return fault("unreachable", `no endpoint may serve this step of ${model} under its terms`);
}
