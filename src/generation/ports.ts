/** What a generation is given, and what it answers to whoever starts or follows it. */
import type { Kernel } from "../../kernels/edge/index.ts";
import type { Plan } from "../plan/plan.ts";
import type { Terms } from "./journal.ts";
import type { Hears } from "./listener.ts";
import type { GenerationRecord } from "./record.ts";
import type { SourceFor } from "./routing.ts";
import type { Settle } from "./settlement.ts";

export interface GenerationPorts {
  readonly sourceFor: SourceFor;
  readonly kernel: Kernel;
  readonly outputs: R2Bucket;
  readonly settle: Settle;
  /** How long record, tokens and outputs are kept after the end, in milliseconds. */
  readonly keepMs: number;
  /** How many times faster the waits of a minute and more pass; 1 but in tests. */
  readonly haste: number;
}

/** What starting or attaching to a generation can come to. */
export type Refused = "mismatch" | "unknown" | "expired" | "void";

/** A start, and who listens from there. */
export interface Beginning {
  readonly id: string;
  /** Of the plan. */
  readonly digest: string;
  readonly plan: Plan;
  readonly terms: Terms;
  /** Chosen by the listener, to leave under. */
  readonly name: string;
  readonly hears: Hears;
}

export type Attached = { readonly record: GenerationRecord; readonly lines: ReadableStream<Uint8Array> };

export type Following = Attached | Refused;
