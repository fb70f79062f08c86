/** The one error of the codec: bytes, or a message to be written, that the protocol does not allow. */

/**
 * Thrown by every reader and writer in this folder, and nothing else is. An adapter turns it into the fault
 * `corrupt` (an answer) or `rejected` (its own request); an endpoint answers 400 with its message.
 */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/**
 * Shows a value from the other side in a message without letting it fill the log.
 *
 * @param value anything parsed from the wire
 * @returns at most 80 characters of its JSON
 */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
