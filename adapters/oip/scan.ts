/** Finds the end of a JSON header whose length nobody said: where its object closes. */
import { maxHeaderBytes } from "./header.ts";
import { Malformed } from "./malformed.ts";
import type { ByteReader } from "./pieces.ts";

const [quote, backslash, open, close] = [...'"\\{}'].map((character) => character.charCodeAt(0));

/**
 * @param reader stands at the first byte of the body
 * @returns the header's bytes; the reader stands behind them, where the tensors start
 * @throws Malformed when the body does not start with an object, or its end is not among the first 64 KiB
 */
export async function scanHeader(reader: ByteReader): Promise<Uint8Array> {
  const bytes: number[] = [];
  let [depth, quoted, escaped] = [0, false, false];
  do {
    const byte = (await reader.some(1))?.[0];
    if (byte === undefined) throw new Malformed("header: the body ends inside it");
    if (bytes.length === 0 && byte !== open) throw new Malformed("header: not an object");
    if (bytes.length === maxHeaderBytes) throw new Malformed("header: it does not end");
    bytes.push(byte);
    if (escaped) escaped = false;
    else if (quoted && byte === backslash) escaped = true;
    else if (byte === quote) quoted = !quoted;
    else if (!quoted && byte === open) depth++;
    else if (!quoted && byte === close) depth--;
  } while (depth > 0);
  return Uint8Array.from(bytes);
}
