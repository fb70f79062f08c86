/** An endpoint's answer as the bytes that go over the wire, and where in them its parts lie. */
import { headerLengthField } from "../../../adapters/oip/frame.ts";
import { parseHeader, parseSections } from "../../../adapters/oip/header.ts";
import type { Place } from "./fault.ts";

/** An answer that is here whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Of the body: where the JSON header ends, and where the last tensor begins, which is also what it is. */
export interface Layout {
  readonly header: number;
  readonly tensor: number;
  readonly datatype: string;
}

/** @returns null where it is no inference. */
export function layoutOf({ status, headers, body }: Answer): Layout | null {
  const header = Number(headers[headerLengthField]);
  if (status !== 200 || !Number.isSafeInteger(header)) return null;
  const sections = parseSections(parseHeader(body.subarray(0, header)).outputs, "outputs");
  const last = sections.at(-1)!;
  return { header, tensor: body.byteLength - last.size, datatype: last.datatype };
}

/** The answer as HTTP/1.1. `more`: other headers, or other values of them, true or not. */
export function wireOf({ status, headers, body }: Answer, more: Record<string, string> = {}): Wire {
  const length = { "content-length": `${body.byteLength}` };
  const lines = Object.entries({ ...headers, ...length, ...more }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = Buffer.from(`HTTP/1.1 ${status} Answer\r\n${lines.join("")}\r\n`);
  return { bytes: Buffer.concat([head, body]), head: head.byteLength };
}

export interface Wire {
  readonly bytes: Buffer;
  /** Bytes of the HTTP head. */
  readonly head: number;
}

/** How many bytes lie before a place. */
export function offsetOf({ bytes, head }: Wire, layout: Layout, place: Place, luck: number): number {
  const within = (from: number, to: number) => from + Math.floor(luck * (to - from));
  switch (place) {
    case "head":
      return within(0, head);
    case "header":
      return within(head, head + layout.header);
    case "tensor":
      return within(head + layout.tensor, bytes.byteLength - 1);
    case "last":
      return bytes.byteLength - 1;
  }
}
