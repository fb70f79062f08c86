/** A Google Vertex AI endpoint whose container is Triton: rawPredict, as a service account, on the shared or a dedicated host. */
import type { StepSource } from "./contract.ts";
import type { Call } from "./http/call.ts";
import { AccessTokens, parseServiceAccount, TokenRefused } from "./http/google-token.ts";
import { described, meaningOf } from "./http/network.ts";
import { plainWire } from "./http/plain.ts";
import { redactor } from "./http/redact.ts";
import { fetcherOf, type SourceOptions, sourceOver } from "./http/source.ts";
import { type Refusal, type Verdict, verdictOf } from "./http/status.ts";
import { baseOf } from "./http/url.ts";
import type { Limits } from "./limits.ts";
import { vendorType } from "./oip/frame.ts";

/**
 * Payload and time of the host that all projects share, and of an endpoint's own, which waits ten minutes unless set
 * otherwise; MB read as 10^6, the cautious way.
 */
export const vertexLimits = {
  shared: { requestBytes: 1_500_000, answerBytes: 1_500_000, timeoutMs: 60_000 },
  dedicated: { requestBytes: 10_000_000, answerBytes: 10_000_000, timeoutMs: 600_000 },
} as const satisfies Record<string, Limits>;

const scheme = "Bearer ";

export interface VertexOptions extends SourceOptions {
  /** Where the endpoint is: `europe-west4`. */
  readonly region: string;
  /** The project's id or number. */
  readonly project: string;
  /** The endpoint's id. */
  readonly endpoint: string;
  /** The service account's key file. */
  readonly account: string;
  /** The dedicated host, `https://<endpoint>.<region>-<number>.prediction.vertexai.goog`; the shared one unless given. */
  readonly url?: string;
  /** Names the model in Triton's redirect header, so that all its models are reached; else its default model alone is. */
  readonly redirect?: boolean;
  /** Milliseconds since 1970; the platform's clock unless given. */
  readonly now?: () => number;
}

/**
 * Makes the adapter; connects to nothing yet.
 *
 * @param options see `VertexOptions`
 * @returns a StepSource whose calls throw `Fault` and nothing else
 * @throws TypeError on a url or an account that cannot be used; its message repeats no secret
 */
export function vertex(options: VertexOptions): StepSource {
  const { region, project, endpoint, redirect = false } = options;
  const base = baseOf(options.url ?? `https://${region}-aiplatform.googleapis.com`);
  const path = ["projects", project, "locations", region, "endpoints", endpoint].map(encodeURIComponent);
  const fetcher = fetcherOf(options.fetch);
  const account = parseServiceAccount(options.account);
  const tokens = new AccessTokens(account, fetcher, options.now ?? Date.now);
  const wire = plainWire({
    fetch: fetcher,
    redact: (text) => redactor(tokens.secrets)(text),
    // A token may have up to 2 KiB.
    longestSecret: 2048,
    reaches: redirect ? "any" : "one",
    // Google does not say that its front end hands Triton's header on.
    unframed: true,
    url: () => `${base}/v1/${path.join("/")}:rawPredict`,
    async headers(call, { model, frame }) {
      const headers = new Headers({
        authorization: `${scheme}${await tokenFor(call, tokens)}`,
        "content-type": vendorType(frame.headerLength, "vertex-ai"),
      });
      if (redirect)
        headers.set("x-vertex-ai-triton-redirect", `v2/models/${encodeURIComponent(model)}/infer`);
      return headers;
    },
    verdict(refusal, sent) {
      if (refusal.status === 401) tokens.forget(sent.get("authorization")!.slice(scheme.length));
      return verdict(refusal);
    },
  });
  return sourceOver(options, wire);
}

/** Nothing has reached the endpoint yet, whatever goes wrong here. */
async function tokenFor(call: Call, tokens: AccessTokens): Promise<string> {
  const outcome = await call.wait(
    tokens.get().then(
      (token) => ({ token }),
      (error: unknown) => ({ error }),
    ),
  );
  if ("token" in outcome) return outcome.token;
  const { error } = outcome;
  if (error instanceof TokenRefused) throw call.fault({ kind: "credentials" }, error.message, "no");
  const { fault } = meaningOf(error);
  const kind = fault.kind === "cold" || fault.kind === "corrupt" ? ({ kind: "unreachable" } as const) : fault;
  throw call.fault(kind, `token exchange: ${described(error)}`, "no");
}

/** Google's own errors say what they are by name; the container's come as they are. */
function verdict(refusal: Refusal): Verdict {
  const { status, complaint } = refusal;
  // An endpoint without a deployed model, or one that is being changed.
  if (status === 400 && complaint.startsWith("FAILED_PRECONDITION:"))
    return { fault: { kind: "cold" }, billed: "no" };
  return verdictOf(refusal);
}
