/** A Triton server, or anything that speaks the Open Inference Protocol at Triton's paths, as a StepSource. */
import type { StepSource } from "./contract.ts";
import { type Credentials, identify } from "./http/identify.ts";
import { framedAs, plainWire } from "./http/plain.ts";
import { longestOf, redactor } from "./http/redact.ts";
import { fetcherOf, type SourceOptions, sourceOver } from "./http/source.ts";
import { baseOf } from "./http/url.ts";
import { contentType } from "./oip/frame.ts";

export interface TritonOptions extends SourceOptions {
  /** Where its HTTP port answers, `https://gpu.example:8000`; a path before `/v2` is kept, a query is refused. */
  readonly url: string;
  /** Who we are to it. Kept out of every message. */
  readonly credentials?: Credentials;
  /** Headers every request carries; their values are taken for secrets too. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A binding that shows a client certificate (Cloudflare's `mtls_certificates`): calls go through it. */
  readonly binding?: { readonly fetch: typeof fetch };
}

/**
 * Makes the adapter; connects to nothing yet.
 *
 * @param options see `TritonOptions`
 * @returns a StepSource whose calls throw `Fault` and nothing else
 * @throws TypeError on a url or a header that cannot be used; its message repeats no secret
 * @example
 * const source = triton({ name: "lab", url: "http://127.0.0.1:8000", region: null, numerics: "cpu-ort-1" });
 * const { stats, logits } = await source.step(request, signal);
 * for await (const piece of logits) kernel.push(piece);
 */
export function triton(options: TritonOptions): StepSource {
  const { binding } = options;
  const base = baseOf(options.url);
  const { headers, secrets } = identify(options.headers ?? {}, options.credentials);
  const wire = plainWire({
    fetch: binding ? (input, init) => binding.fetch(input, init) : fetcherOf(options.fetch),
    redact: redactor(secrets),
    longestSecret: longestOf(secrets),
    reaches: "any",
    url: (model) => `${base}/v2/models/${encodeURIComponent(model)}/infer`,
    headers: (_, { frame }) => framedAs(headers, contentType, frame),
  });
  return sourceOver(options, wire);
}
