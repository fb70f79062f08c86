/** What an endpoint says when it refuses: the text of its error, from a body of any type and any size. */
import { isRecord } from "../oip/header.ts";
import { ByteReader, type Pieces } from "../oip/pieces.ts";

/** More than this of an error is not read. */
export const maxComplaintBytes = 64 * 1024;

/** The status says what matters: a body that dawdles is not waited for longer than this, in ms. */
const patience = 1000;

/**
 * Reads the error of an answer that is not 200; closes the body in any case.
 *
 * @param pieces the answer's body
 * @param margin how many bytes to leave off where the body is cut, so that no half of a secret stays there
 * @returns what `errorOf` finds in it; empty when there is none
 */
export async function readComplaint(pieces: Pieces, margin: number): Promise<string> {
  return errorOf(await readText(pieces, margin));
}

/**
 * Reads a body that may say anything; closes it in any case.
 *
 * @param pieces the body
 * @param margin as above
 * @returns the first 64 KiB of it, or what came until it broke, dawdled or the call was stopped: it throws nothing
 */
export async function readText(pieces: Pieces, margin: number): Promise<string> {
  const timer = setTimeout(() => pieces.cancel(), patience);
  const reader = new ByteReader(pieces);
  const decoder = new TextDecoder();
  let text = "";
  let room = maxComplaintBytes;
  try {
    for (let piece = await reader.some(room); piece !== null; piece = await reader.some(room)) {
      text += decoder.decode(piece, { stream: true });
      room -= piece.byteLength;
      if (room === 0) {
        text = text.slice(0, Math.max(0, text.length - margin));
        break;
      }
    }
  } catch {
    // What came before it broke is all there is.
  } finally {
    clearTimeout(timer);
    reader.cancel();
  }
  return text;
}

/**
 * @param text an error's body
 * @returns `error` of its JSON object (Triton), status and message of that (Google), else the text as it is
 */
export function errorOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value) && typeof value.error === "string") return value.error.trim();
    const inner = isRecord(value) && isRecord(value.error) ? value.error : {};
    if (typeof inner.message === "string") return `${inner.status}: ${inner.message}`;
  } catch {
    // Plain text, as Triton 2.51 says 404.
  }
  return text.trim();
}
