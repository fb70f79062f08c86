/** What an HTTP status that is not 200 means for a step (docs/contract.md, "Errors"). */
import type { Billed, FaultKind } from "../fault.ts";

export interface Verdict {
  readonly fault: FaultKind;
  readonly billed: Billed;
}

/** An answer that is no answer. */
export interface Refusal {
  /** Any but 200. */
  readonly status: number;
  /** What the body said. */
  readonly complaint: string;
  readonly headers: Headers;
}

/** Where Cloudflare Access sends who has no valid service token. */
const accessLogin = /\/cdn-cgi\/access\/login\b/;

/** What nginx says under status 400 to who has no client certificate, or a wrong one. */
const certificate = /SSL certificate/i;

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
 * @param refusal status, words and headers of the answer
 * @returns kind of fault and whether the call will have cost something
 */
export function verdictOf({ status, complaint, headers }: Refusal): Verdict {
  if (status === 400) return { fault: { kind: kindOfBadRequest(complaint) }, billed: "no" };
  const verdict = verdicts[status];
  if (verdict !== undefined) return verdict;
  // Another success than 200 is an answer, and not one of ours.
  if (status < 300) return { fault: { kind: "corrupt" }, billed: "unknown" };
  // A redirect is not followed (credentials stay with the host they were given for); any other 4xx is not Triton.
  if (accessLogin.test(headers.get("location") ?? ""))
    return { fault: { kind: "credentials" }, billed: "no" };
  if (status < 500) return { fault: { kind: "unreachable" }, billed: "no" };
  return { fault: { kind: "unreachable" }, billed: "unknown" };
}

function kindOfBadRequest(complaint: string): "cold" | "credentials" | "rejected" {
  if (notReady.test(complaint)) return "cold";
  return certificate.test(complaint) ? "credentials" : "rejected";
}
