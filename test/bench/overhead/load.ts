/** Load by the clock: work arrives when it arrives, whether or not what came before has been answered. */
import { Agent, request } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Random } from "../../random.ts";

/** One connection that is kept; `send` resolves with the whole answer. */
export interface Connection {
  readonly send: (
    url: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
  ) => Promise<Buffer>;
  readonly close: () => void;
}

/** What is measured: one piece of work over one connection. */
export type Work = (connection: Connection) => Promise<void>;

/** A connection of one's own, made with the first request. */
export function connect(): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    send: (url, headers, body) =>
      new Promise((resolve, reject) => {
        const sent = request(url, {
          agent,
          method: "POST",
          headers: { ...headers, "content-length": body.byteLength },
        });
        sent.once("error", reject);
        sent.once("response", (response) => {
          const isGood = response.statusCode === 200;
          buffer(response).then((read) => {
            if (isGood) resolve(read);
            else reject(new Error(`${url} answered ${response.statusCode}: ${read.subarray(0, 300)}`));
          }, reject);
        });
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/**
 * Random arrivals: how long after the first moment each piece of work comes.
 * @param rate a second, on average.
 * @returns milliseconds, in order, below `ms`.
 */
export function arrivals(random: Random, rate: number, ms: number): number[] {
  const times: number[] = [];
  for (let at = 0; ; times.push(at)) {
    at += (-Math.log(1 - random.next()) * 1_000) / rate;
    if (at >= ms) return times;
  }
}

/**
 * Open loop: each piece of work takes the first connection that is free, and waits for one where none is.
 * @param at when each arrives.
 * @returns milliseconds from each one's arrival, not from its sending, to the end of its answer.
 */
export async function runOpen(
  work: Work,
  connections: readonly Connection[],
  at: readonly number[],
): Promise<number[]> {
  const began = performance.now();
  let next = 0;
  const took: number[] = [];
  const serve = async (connection: Connection) => {
    while (next < at.length) {
      const dueMs = began + at[next++]!;
      await until(dueMs);
      await work(connection);
      took.push(performance.now() - dueMs);
    }
  };
  await Promise.all(connections.map(serve));
  return took;
}

/**
 * Closed loop: every connection works without a pause.
 * @returns how many pieces of work were done a second.
 */
export async function runClosed(work: Work, connections: readonly Connection[], ms: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  const serve = async (connection: Connection) => {
    for (; performance.now() - began < ms; done++) await work(connection);
  };
  await Promise.all(connections.map(serve));
  return (done * 1_000) / (performance.now() - began);
}

/** Timers are up to a millisecond late, so the last one is waited for turn by turn. */
async function until(ms: number): Promise<void> {
  const left = ms - performance.now();
  if (left > 1.5) await new Promise((resolve) => setTimeout(resolve, left - 1.5));
  while (performance.now() < ms) await new Promise(setImmediate);
}
