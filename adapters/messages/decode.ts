/** Tokens to pixels as an OIP message. */
import type { DecodeRequest } from "../contract.ts";
import { bytesTensor } from "../oip/bytes.ts";
import { batchOf, deadlineParameters, tokensTensor } from "./shared.ts";
import type { Message } from "./step.ts";

/**
 * @param request tokens of n pictures, and the format wanted
 * @param most the most bytes all files together may take
 * @param byOp whether the model that makes steps is asked, and must be told to decode
 * @returns the message for it
 * @throws Malformed when the request contradicts itself; its message names the field
 */
export function decodeMessage(request: DecodeRequest, most: number, byOp: boolean): Message {
  const { id, pictures, schedule, format } = request;
  const n = batchOf(pictures.length);
  const inputs = [
    tokensTensor(request.tokens, pictures),
    bytesTensor(
      "schedule",
      [n, 1],
      pictures.map(() => schedule),
    ),
    bytesTensor(
      "format",
      [n, 1],
      pictures.map(() => format),
    ),
  ];
  const parameters = { ...deadlineParameters(request.deadlineMs), ...(byOp ? { op: "decode" } : {}) };
  return {
    request: { id, parameters, inputs, outputs: ["media"] },
    asked: [{ name: "media", datatype: "BYTES", shape: [n, 1], most }],
  };
}
