/** The closed set of ways in which an endpoint can fail a step. */

export type FaultKind =
  | { readonly kind: "overloaded" }
  | { readonly kind: "unreachable" }
  | { readonly kind: "timeout"; readonly phase: "connect" | "head" | "body" }
  | { readonly kind: "cold" }
  | { readonly kind: "corrupt" }
  | { readonly kind: "rejected" }
  | { readonly kind: "credentials" }
  | { readonly kind: "cancelled" };

/** Whether the endpoint's owner will have charged for the failed call. */
export type Billed = "no" | "yes" | "unknown";

/** A failed call: what kind, who, whether it cost something; the message is for our log and never reaches a caller. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly fault: FaultKind;
  readonly endpoint: string;
  readonly billed: Billed;
  /** Of `overloaded` and `cold`: the milliseconds it asks to be left alone for, where it says so. */
  readonly retryAfterMs: number | null;

  constructor(
    fault: FaultKind,
    endpoint: string,
    billed: Billed,
    message: string,
    cause?: unknown,
    retryAfterMs: number | null = null,
  ) {
    super(`${endpoint}: ${fault.kind}: ${message}`, cause === undefined ? undefined : { cause });
    this.fault = fault;
    this.endpoint = endpoint;
    this.billed = billed;
    this.retryAfterMs = retryAfterMs;
  }
}
