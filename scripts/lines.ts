/** A child process's output, line by line. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export function lines(stream: Readable): AsyncIterable<string> {
  return createInterface({ input: stream });
}
