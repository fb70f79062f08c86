/** Azure Machine Learning managed online endpoint that runs Triton: Triton's own protocol behind a key, errors wrapped in 424. */
import type { StepSource } from "./contract.ts";
import { identify } from "./http/identify.ts";
import { framedAs, plainWire } from "./http/plain.ts";
import { longestOf, redactor } from "./http/redact.ts";
import { fetcherOf, type SourceOptions, sourceOver } from "./http/source.ts";
import { type Refusal, type Verdict, verdictOf } from "./http/status.ts";
import { baseOf } from "./http/url.ts";
import type { Limits } from "./limits.ts";
import { contentType } from "./oip/frame.ts";

/** No ceiling of a payload is documented; above 5 MB/s an endpoint delays. `request_timeout_ms` is this unless raised, to 180 s at most. */
export const azureLimits: Limits = { requestBytes: null, answerBytes: null, timeoutMs: 5000 };

export interface AzureOptions extends SourceOptions {
  /** `https://<endpoint>.<region>.inference.ml.azure.com`. */
  readonly url: string;
  /** A key of the endpoint, or a token: both are bearers. */
  readonly token: string;
  /** The deployment to ask, past the endpoint's traffic split. */
  readonly deployment?: string;
}

/**
 * Makes the adapter; connects to nothing yet.
 *
 * @param options see `AzureOptions`
 * @returns a StepSource whose calls throw `Fault` and nothing else
 * @throws TypeError on a url or a header that cannot be used
 */
export function azure(options: AzureOptions): StepSource {
  const base = baseOf(options.url);
  const { headers, secrets } = identify({}, { kind: "bearer", token: options.token });
  if (options.deployment !== undefined) headers.set("azureml-model-deployment", options.deployment);
  const wire = plainWire({
    fetch: fetcherOf(options.fetch),
    redact: redactor(secrets),
    longestSecret: longestOf(secrets),
    reaches: "any",
    url: (model) => `${base}/v2/models/${encodeURIComponent(model)}/infer`,
    headers: (_, { frame }) => framedAs(headers, contentType, frame),
    verdict,
  });
  return sourceOver(options, wire);
}

/** Under 424 the container's own status is in a header, and its reason beside it. */
function verdict(refusal: Refusal): Verdict {
  if (refusal.status !== 424) return verdictOf(refusal);
  const { headers, complaint } = refusal;
  const status = Number(headers.get("ms-azureml-model-error-statuscode"));
  // Without it the container did not answer at all: probes fail, or it is gone.
  if (!(status >= 300)) return { fault: { kind: "cold" }, billed: "no" };
  const reason = headers.get("ms-azureml-model-error-reason") ?? "";
  return verdictOf({ status, complaint: `${reason} ${complaint}`, headers });
}
