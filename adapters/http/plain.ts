/** The wire of a server that is spoken to with plain HTTP requests, its refusals made faults. */
import { type Frame, headerLengthField } from "../oip/frame.ts";
import type { Call } from "./call.ts";
import { readComplaint } from "./complaint.ts";
import type { Redact } from "./redact.ts";
import { type Refusal, type Verdict, verdictOf } from "./status.ts";
import type { Wire } from "./wire.ts";

export interface PlainOptions {
  readonly fetch: typeof fetch;
  readonly redact: Redact;
  /** Length of the longest secret: an error is cut so that no part of it can stay. */
  readonly longestSecret: number;
  readonly reaches: Wire["reaches"];
  /** See `Wire`; no unless given. */
  readonly unframed?: boolean;
  /** Where a model is asked. */
  url(model: string): string;
  /** Who we are and how the message is framed; may fetch, under the call's deadline. */
  headers(
    call: Call,
    outgoing: { readonly model: string; readonly frame: Frame },
  ): Headers | Promise<Headers>;
  /** What a refusal of a request with those headers means here; as Triton means it unless given. */
  verdict?(refusal: Refusal, sent: Headers): Verdict;
}

/**
 * @param options see `PlainOptions`
 * @returns the wire
 */
export function plainWire(options: PlainOptions): Wire {
  const { verdict = verdictOf } = options;
  return {
    redact: options.redact,
    reaches: options.reaches,
    unframed: options.unframed ?? false,
    async send(call, outgoing) {
      const headers = await options.headers(call, outgoing);
      // Cloudflare asks origins for gzip otherwise, and Triton obliges with megabytes of logits.
      headers.set("accept-encoding", "identity");
      const response = await call.send(options.fetch, options.url(outgoing.model), {
        method: "POST",
        headers,
        body: outgoing.frame.body,
        redirect: "manual",
      });
      const pieces = call.pieces(response);
      if (response.status === 200) return { headers: response.headers, pieces };
      const complaint = await readComplaint(pieces, Math.max(options.longestSecret, call.longestHidden));
      const refusal = { status: response.status, complaint, headers: response.headers };
      const { fault, billed } = verdict(refusal, headers);
      throw call.refused(fault, `${response.status} ${complaint}`, billed, response.headers);
    },
  };
}

/**
 * @param identity headers that identify us
 * @param type the content type
 * @param frame the message
 * @returns the headers to send with it
 */
export function framedAs(identity: Headers, type: string, frame: Frame): Headers {
  const headers = new Headers(identity);
  headers.set("content-type", type);
  headers.set(headerLengthField, String(frame.headerLength));
  return headers;
}
