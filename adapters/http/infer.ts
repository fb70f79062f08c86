/** One inference over HTTP: a message out, its answer opened, everything else a fault. */

import type { Message } from "../messages/step.ts";
import { contentType, type Frame, headerLengthField } from "../oip/frame.ts";
import { Malformed } from "../oip/malformed.ts";
import { type OpenResponse, openResponse } from "../oip/open.ts";
import { encodeRequest } from "../oip/request.ts";
import type { Call } from "./call.ts";
import { readComplaint } from "./complaint.ts";
import { verdictOf } from "./status.ts";

/** Where a message goes and as whom. */
export interface Destination {
  readonly fetch: typeof fetch;
  readonly url: string;
  /** Headers that identify us. */
  readonly headers: Headers;
  /** Length of the longest secret among them: an error is cut so that no part of it can stay. */
  readonly longestSecret: number;
}

/**
 * @param call the call this is
 * @param destination where to
 * @param compose makes the message; a Malformed it throws is the fault `rejected`
 * @returns the answer, header checked, at its first tensor
 * @throws Fault and nothing else
 */
export async function infer(
  call: Call,
  destination: Destination,
  compose: () => Message,
): Promise<OpenResponse> {
  const { message, sent } = composed(call, compose);
  const headers = new Headers(destination.headers);
  headers.set("content-type", contentType);
  headers.set(headerLengthField, String(sent.headerLength));
  // Cloudflare asks origins for gzip otherwise, and Triton obliges with megabytes of logits.
  headers.set("accept-encoding", "identity");
  const response = await call.send(destination.fetch, destination.url, {
    method: "POST",
    headers,
    body: sent.body,
    redirect: "manual",
  });
  const pieces = call.pieces(response);
  if (response.status !== 200) {
    const complaint = await readComplaint(pieces, destination.longestSecret);
    const { fault, billed } = verdictOf(response.status, complaint);
    throw call.refused(fault, `${response.status} ${complaint}`, billed);
  }
  const answer = await openResponse(response.headers, pieces, message.asked, message.request.id ?? "");
  call.served();
  return answer;
}

function composed(call: Call, compose: () => Message): { message: Message; sent: Frame } {
  try {
    const message = compose();
    return { message, sent: encodeRequest(message.request) };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw call.refused({ kind: "rejected" }, error.message, "no");
  }
}
