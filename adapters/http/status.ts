/** What an HTTP status that is not 200 means for a step (docs/contract.md, "Errors"). */
import type { Billed, FaultKind } from "../fault.ts";

export interface Verdict {
  readonly fault: FaultKind;
  readonly billed: Billed;
}

/** Triton's words for a model that is unknown or still loading, under status 400. */
const notReady = /Request for unknown model|not ready/i;

const verdicts: Readonly<Record<number, Verdict>> = {
  401: { fault: { kind: "credentials" }, billed: "no" },
  403: { fault: { kind: "credentials" }, billed: "no" },
  404: { fault: { kind: "cold" }, billed: "no" },
  407: { fault: { kind: "credentials" }, billed: "no" },
  408: { fault: { kind: "timeout", phase: "head" }, billed: "unknown" },
  429: { fault: { kind: "overloaded" }, billed: "no" },
  501: { fault: { kind: "unreachable" }, billed: "no" },
  503: { fault: { kind: "cold" }, billed: "no" },
  504: { fault: { kind: "timeout", phase: "head" }, billed: "unknown" },
  // Cloudflare's own, where a Worker's fetch meets a proxied origin that is down, silent, or lost.
  521: { fault: { kind: "cold" }, billed: "no" },
  522: { fault: { kind: "timeout", phase: "connect" }, billed: "no" },
  523: { fault: { kind: "unreachable" }, billed: "no" },
  524: { fault: { kind: "timeout", phase: "head" }, billed: "unknown" },
  525: { fault: { kind: "unreachable" }, billed: "no" },
  526: { fault: { kind: "unreachable" }, billed: "no" },
  529: { fault: { kind: "overloaded" }, billed: "no" },
  530: { fault: { kind: "unreachable" }, billed: "no" },
};

/**
 * @param status any status but 200
 * @param complaint what the body said
 * @returns kind of fault and whether the call will have cost something
 */
export function verdictOf(status: number, complaint: string): Verdict {
  if (status === 400)
    return { fault: { kind: notReady.test(complaint) ? "cold" : "rejected" }, billed: "no" };
  const verdict = verdicts[status];
  if (verdict !== undefined) return verdict;
  // Another success than 200 is an answer, and not one of ours.
  if (status < 300) return { fault: { kind: "corrupt" }, billed: "unknown" };
  // A redirect is not followed (credentials stay with the host they were given for); any other 4xx is not Triton.
  if (status < 500) return { fault: { kind: "unreachable" }, billed: "no" };
  return { fault: { kind: "unreachable" }, billed: "unknown" };
}
