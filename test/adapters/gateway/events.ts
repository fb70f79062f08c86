/** AWS's event stream encoding (application/vnd.amazon.eventstream), written from its description. */
import { crc32 } from "node:zlib";

/** An event as its headers, all strings, and its payload. */
export interface Event {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

const stringType = 7;

/** @returns total length, headers' length, checksum of both, headers, payload, checksum of all */
export function encodeEvent({ headers, payload }: Event): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => {
    const text = Buffer.from(value);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(text.byteLength);
    return Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.of(stringType), length, text]);
  });
  const head = Buffer.concat(lines);
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + head.byteLength + payload.byteLength);
  prelude.writeUInt32BE(head.byteLength, 4);
  const begun = Buffer.concat([prelude, checksum(prelude), head, payload]);
  return Buffer.concat([begun, checksum(begun)]);
}

/** @returns the bytes as payload parts of that size */
export function payloadParts(bytes: Buffer, size: number): Buffer {
  const headers = {
    ":event-type": "PayloadPart",
    ":content-type": "application/octet-stream",
    ":message-type": "event",
  };
  const count = Math.ceil(bytes.byteLength / size);
  const events = Array.from({ length: count }, (_, i) =>
    encodeEvent({ headers, payload: bytes.subarray(i * size, (i + 1) * size) }),
  );
  return Buffer.concat(events);
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}
