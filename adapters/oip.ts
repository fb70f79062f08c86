/** Any server of the Open Inference Protocol with binary tensors, wherever its host puts the model's address. */
import type { StepSource } from "./contract.ts";
import { type Credentials, identify } from "./http/identify.ts";
import { framedAs, plainWire } from "./http/plain.ts";
import { longestOf, redactor } from "./http/redact.ts";
import { fetcherOf, type SourceOptions, sourceOver } from "./http/source.ts";
import { baseOf } from "./http/url.ts";
import { contentType } from "./oip/frame.ts";

export interface OipOptions extends SourceOptions {
  /**
   * The whole address of an inference, in whose path `{model}` stands for the model's name:
   * `https://host/predict/v2/models/{model}/versions/3/infer`. Without `{model}` it reaches one model only.
   */
  readonly url: string;
  readonly credentials?: Credentials;
  /** Headers every request carries, `Authorization: Api-Key ...` for one; their values are taken for secrets. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Survives URL parsing, which escapes braces. */
const place = "_model_";

/**
 * Makes the adapter; connects to nothing yet.
 *
 * @param options see `OipOptions`
 * @returns a StepSource whose calls throw `Fault` and nothing else
 * @throws TypeError on a url or a header that cannot be used
 */
export function oip(options: OipOptions): StepSource {
  const address = baseOf(options.url.replaceAll("{model}", place));
  const { headers, secrets } = identify(options.headers ?? {}, options.credentials);
  const wire = plainWire({
    fetch: fetcherOf(options.fetch),
    redact: redactor(secrets),
    longestSecret: longestOf(secrets),
    reaches: address.includes(place) ? "any" : "one",
    url: (model) => address.replaceAll(place, encodeURIComponent(model)),
    headers: (_, { frame }) => framedAs(headers, contentType, frame),
  });
  return sourceOver(options, wire);
}
