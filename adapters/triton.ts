/** A Triton server, or anything that speaks the Open Inference Protocol like one, as a StepSource. */
import type { DecodeAnswer, DecodeRequest, Route, StepAnswer, StepRequest, StepSource } from "./contract.ts";
import { Call } from "./http/call.ts";
import { type Credentials, identify } from "./http/identify.ts";
import { infer } from "./http/infer.ts";
import { redactor } from "./http/redact.ts";
import { drawable } from "./messages/candidates.ts";
import { readCandidates } from "./messages/candidates-answer.ts";
import { decodeMessage } from "./messages/decode.ts";
import { parseStats } from "./messages/stats.ts";
import { stepMessage } from "./messages/step.ts";
import { leavable } from "./oip/leave.ts";
import { Malformed } from "./oip/malformed.ts";

export interface TritonOptions {
  /** Its name in routes, faults and logs. */
  readonly name: string;
  /** Where its HTTP port answers, `https://gpu.example:8000`; a path before `/v2` is kept, a query is refused. */
  readonly url: string;
  /** Where it stands, null where that means nothing. */
  readonly region: string | null;
  /** The numerics class it was started as; an answer that declares another is the fault `corrupt`. */
  readonly numerics: string;
  /** Who we are to it. Kept out of every message. */
  readonly credentials?: Credentials;
  /** Headers every request carries, `cf-access-client-secret` for one; their values are taken for secrets too. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The fetch to use; the platform's own unless given. */
  readonly fetch?: typeof fetch;
  /** The most bytes the files of one decode may take together; 64 MiB unless given, half of what a Worker has. */
  readonly maxMediaBytes?: number;
  /** Asks for candidates where the sampling leaves tokens out: the same draw from fewer bytes. The server must know how. */
  readonly candidates?: boolean;
}

const defaultMediaBytes = 64 * 1024 * 1024;

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
  const { name, region, numerics, maxMediaBytes = defaultMediaBytes } = options;
  const base = baseOf(options.url);
  const { headers, secrets } = identify(options.headers ?? {}, options.credentials);
  const route: Route = { endpoint: name, region };
  // Called as a plain function: workerd refuses its own fetch with another `this`.
  const fetcher = options.fetch ?? ((input, init) => fetch(input, init));
  const destination = (model: string, hidden: readonly string[] = secrets) => ({
    fetch: fetcher,
    url: `${base}/v2/models/${encodeURIComponent(model)}/infer`,
    headers,
    longestSecret: Math.max(0, ...hidden.map((secret) => secret.length)),
  });
  const begin = (
    { deadlineMs }: { readonly deadlineMs: number },
    signal: AbortSignal,
    hidden: readonly string[] = secrets,
  ) => new Call({ endpoint: name, redact: (text) => redactor(hidden)(text), deadlineMs, signal });

  return {
    async step(request: StepRequest, signal: AbortSignal): Promise<StepAnswer> {
      const hidden = [...secrets, ...promptsOf(request)];
      const call = begin(request, signal, hidden);
      try {
        const sampling = options.candidates ? drawable(request) : undefined;
        const answer = await infer(call, destination(request.model, hidden), () =>
          stepMessage(request, sampling),
        );
        const elements = await answer.bytes();
        const stats = elements.map((element) =>
          parseStats(element, { revision: request.revision, numerics }),
        );
        if (!sampling) return { stats, route, logits: passOn(call, answer.stream()) };
        const { candidates, pairs } = await readCandidates(answer, request);
        return { stats, route, candidates, logits: passOn(call, pairs) };
      } catch (error) {
        throw failed(call, error);
      }
    },

    async decode(request: DecodeRequest, signal: AbortSignal): Promise<DecodeAnswer> {
      const call = begin(request, signal);
      try {
        const model = `${request.model}.decode`;
        const answer = await infer(call, destination(model), () => decodeMessage(request, maxMediaBytes));
        const media = await answer.bytes();
        if (media.some((file) => file.byteLength === 0)) throw new Malformed("media: an empty file");
        await answer.end();
        call.close();
        return { media, route };
      } catch (error) {
        throw failed(call, error);
      }
    },
  };
}

/** What the caller wrote: an endpoint that repeats it brings it into no message. One or two characters tell nothing. */
function promptsOf({ pictures }: StepRequest): string[] {
  const texts = pictures.flatMap(({ condition }) =>
    condition.kind === "text" ? [condition.prompt, condition.negativePrompt] : [],
  );
  return [...new Set(texts)].filter((text) => text.length > 2);
}

/** Hands pieces on until they end, the call fails, or the consumer leaves. */
function passOn(call: Call, pieces: AsyncIterableIterator<Uint8Array>): AsyncIterableIterator<Uint8Array> {
  async function* guarded(): AsyncGenerator<Uint8Array, void> {
    try {
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
      call.close();
    } catch (error) {
      throw failed(call, error);
    }
  }
  return leavable(guarded(), () => {
    call.abandon();
    void pieces.return?.();
  });
}

function failed(call: Call, error: unknown): Error {
  const fault = call.faultOf(error);
  call.abandon();
  return fault;
}

function baseOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new TypeError("url: not an http(s) address");
  if (url.username !== "" || url.password !== "") throw new TypeError("url: credentials do not belong there");
  if (url.search !== "" || url.hash !== "") throw new TypeError("url: a query or fragment");
  return url.href.replace(/\/+$/, "");
}
