/** What one quest is after: a step or a decoding, and all that differs between the two. */
import type { Fault } from "../../adapters/fault.ts";
import type { Bucket } from "./bucket.ts";
import type { Endpoint } from "./endpoint.ts";

export interface Errand<A> {
  readonly model: string;
  readonly deadlineMs: number;
  /** @returns all that could serve it; read anew at each choice, as a run may have been bound meanwhile */
  candidates(): readonly Endpoint[];
  readonly holder: Endpoint | null;
  /** Whose it is: one run of it at a time has calls under way. */
  readonly generation: string;
  /** What kind of call it is at its holder, and elsewhere. */
  readonly warm: Bucket;
  readonly cold: Bucket;
  /** @returns what to tell when the call is over */
  asking(endpoint: Endpoint): (isAnswered: boolean) => void;
  ask(endpoint: Endpoint, deadlineMs: number, signal: AbortSignal): Promise<A>;
  /** Told when it goes on at another endpoint. */
  movedOn(from: Endpoint, fault: Fault, to: Endpoint): void;
}
