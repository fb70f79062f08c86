/** A child process's output, line by line. */
import { createInterface } from "node:readline";

export function lines(stream: NodeJS.ReadableStream): AsyncIterable<string> {
  return createInterface({ input: stream });
}
