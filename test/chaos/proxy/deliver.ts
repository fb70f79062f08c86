/** Hands an endpoint's answer on as a fault has it. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { headerLengthField } from "../../../adapters/oip/frame.ts";
import { type Answer, type Layout, offsetOf, wireOf } from "./answer.ts";
import type { Fault, Place } from "./fault.ts";
import { flipAny, flipToNaN } from "./flip.ts";

/** So long a written byte has to arrive before the connection is reset, or closed with bytes to spare. */
const ARRIVES_MS = 30;

/** Shuts the endpoint's port for so long. */
export type Shut = (ms: number) => void;

/**
 * Does everything that needs the answer.
 * @returns false where the fault cannot be had of this answer: it goes out as it is.
 */
export async function deliver(
  answer: Answer,
  layout: Layout,
  { act, luck }: Fault,
  response: ServerResponse,
  shut: Shut,
): Promise<boolean> {
  const { socket } = response.req;
  switch (act.kind) {
    case "refuse":
      shut(act.ms);
      send(response, answer, { connection: "close" });
      return true;
    case "latency":
      await pause(act.ms);
      send(response, answer);
      return true;
    case "drip":
      await drip(socket, wireOf(answer, { connection: "close" }).bytes, act);
      return true;
    case "stall":
    case "cut":
    case "reset":
      await breakOff(socket, answer, layout, act, luck);
      return true;
    case "length":
      await lie(response, answer, act);
      return true;
    case "flip": {
      const spoilt = flip(answer.body, layout, act.where, luck);
      send(response, spoilt ? { ...answer, body: spoilt } : answer);
      return spoilt !== null;
    }
    case "duplicate":
      if (act.what === "body") send(response, { ...answer, body: Buffer.concat([answer.body, answer.body]) });
      else sendTwice(response, answer);
      return true;
    default:
      throw new Error(`${act.kind} needs no answer`);
  }
}

/** Answers in good order. */
export function send(response: ServerResponse, answer: Answer, more: Record<string, string> = {}): void {
  const { status, headers, body } = answer;
  if (response.destroyed) return;
  response.writeHead(status, { ...headers, ...more, "content-length": body.byteLength });
  response.end(body);
}

/** In one write, so that the second is there before anything else is asked for on this connection. */
function sendTwice(response: ServerResponse, answer: Answer): void {
  const { socket } = response.req;
  socket.cork();
  send(response, answer);
  if (!socket.destroyed) socket.write(wireOf(answer).bytes);
  socket.uncork();
}

async function drip(
  socket: Socket,
  bytes: Uint8Array,
  { pieces, everyMs }: { readonly pieces: number; readonly everyMs: number },
): Promise<void> {
  const size = Math.ceil(bytes.byteLength / pieces);
  for (let at = 0; at < bytes.byteLength && !socket.destroyed; at += size) {
    socket.write(bytes.subarray(at, at + size));
    await pause(everyMs);
  }
  socket.end();
}

async function breakOff(
  socket: Socket,
  answer: Answer,
  layout: Layout,
  { kind, at }: { readonly kind: "stall" | "cut" | "reset"; readonly at: Place },
  luck: number,
): Promise<void> {
  const wire = wireOf(answer);
  const begun = wire.bytes.subarray(0, offsetOf(wire, layout, at, luck));
  if (begun.byteLength > 0) socket.write(begun);
  if (kind === "stall") return;
  if (kind === "cut") return void socket.end();
  await pause(ARRIVES_MS);
  socket.resetAndDestroy();
}

/** Whatever its length says, the body that is sent is the true one, and the connection ends behind it. */
async function lie(
  response: ServerResponse,
  answer: Answer,
  { of, by }: { readonly of: "body" | "header"; readonly by: number },
): Promise<void> {
  const { headers, body } = answer;
  if (of === "header") {
    const told = `${Number(headers[headerLengthField]) + by}`;
    return send(response, { ...answer, headers: { ...headers, [headerLengthField]: told } });
  }
  const { socket } = response.req;
  const told = { "content-length": `${body.byteLength + by}`, connection: "close" };
  socket.write(wireOf(answer, told).bytes);
  await pause(ARRIVES_MS);
  socket.end();
}

/** Of what is decoded no bit is malformed but those of the lengths before each file. */
function flip(
  body: Uint8Array,
  { header, tensor, datatype }: Layout,
  where: "header" | "malformed" | "tensor",
  luck: number,
): Uint8Array | null {
  const [from, to] = where === "header" ? [0, header] : [tensor, body.byteLength];
  const end = where === "malformed" && datatype === "BYTES" ? tensor + 4 : to;
  const part = body.subarray(from, end);
  const spoilt = where === "malformed" && datatype === "FP16" ? flipToNaN(part, luck) : flipAny(part, luck);
  return spoilt && Buffer.concat([body.subarray(0, from), spoilt, body.subarray(end)]);
}
