/** What a failed fetch means, from the codes Node's errors carry and the words workerd's do. */

/*
 * workerd says "Network connection lost." of a refused connection as of a lost one (tried, 2026-08-22): there the
 * first is `unreachable` as well, its cost unknown. Behind Cloudflare a refusal comes as status 521 instead.
 */
import type { Billed, FaultKind } from "../fault.ts";

export interface Meaning {
  readonly fault: FaultKind;
  /** What the failure itself says of cost; undefined: as far as the call had come. */
  readonly billed?: Billed;
}

/** The connection was never made, so nothing ran. */
const meanings: readonly (readonly [RegExp, Meaning])[] = [
  [/ECONNREFUSED|connection refused/i, { fault: { kind: "cold" }, billed: "no" }],
  [
    /UND_ERR_CONNECT_TIMEOUT|connect\S* timed? ?out/i,
    { fault: { kind: "timeout", phase: "connect" }, billed: "no" },
  ],
  [
    /ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT_|bad port/,
    { fault: { kind: "unreachable" }, billed: "no" },
  ],
  // Bytes that are not HTTP, or not the encoding they claim, are no accident of the network.
  [/HTTPParserError|\bHPE_|\bZ_[A-Z]+_ERROR|gzip|brotli/i, { fault: { kind: "corrupt" } }],
];

/**
 * @param error what `fetch` or a body threw
 * @returns the kind of fault; `unreachable` where nothing better is known
 */
export function meaningOf(error: unknown): Meaning {
  const text = described(error);
  return meanings.find(([pattern]) => pattern.test(text))?.[1] ?? { fault: { kind: "unreachable" } };
}

/**
 * @param error anything thrown
 * @returns names, codes and messages of it and its causes, for the log
 */
export function described(error: unknown): string {
  const parts: string[] = [];
  let next: unknown = error;
  for (let depth = 0; next !== undefined && next !== null && depth < 5; depth++) {
    if (!(next instanceof Error)) {
      parts.push(String(next));
      break;
    }
    const code = "code" in next && typeof next.code === "string" ? ` (${next.code})` : "";
    parts.push(`${next.name}: ${next.message}${code}`);
    next = next.cause ?? (next instanceof AggregateError ? next.errors[0] : undefined);
  }
  return parts.join("; ");
}
