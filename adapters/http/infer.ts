/** One inference: a message out, its answer opened, everything else a fault. */

import type { Message } from "../messages/step.ts";
import type { Frame } from "../oip/frame.ts";
import { Malformed } from "../oip/malformed.ts";
import { type OpenResponse, openResponse } from "../oip/open.ts";
import { encodeRequest } from "../oip/request.ts";
import type { Call } from "./call.ts";
import type { Wire } from "./wire.ts";

/**
 * @param call the call this is
 * @param wire how its cloud is spoken to
 * @param model whom the message is for
 * @param compose makes the message; a Malformed it throws is the fault `rejected`
 * @returns the answer, header checked, at its first tensor
 * @throws Fault and nothing else
 */
export async function infer(
  call: Call,
  wire: Wire,
  model: string,
  compose: () => Message,
): Promise<OpenResponse> {
  const { message, sent } = composed(call, compose);
  const { headers, pieces } = await wire.send(call, { model, frame: sent });
  const id = message.request.id ?? "";
  const answer = await openResponse(headers, pieces, message.asked, id, wire.unframed);
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
