/** A small client of the Worker under test: posts, reads streams, and tells the unruly proxy what to do. */
import { env, exports } from "cloudflare:workers";
import { linesOf } from "../sse.ts";
import type { Misdeed, Seen } from "../unruly/misdeed.ts";
import { newAccount, newKey } from "./operator.ts";

/** One server-sent event, or a comment. */
export interface SseEvent {
  readonly id: number | null;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** A request as it stands. */
export const call = (path: string, init?: RequestInit) =>
  exports.default.fetch(new Request(`http://localhost:8787${path}`, init));

let ownKey: Promise<string> | null = null;

/** A key of this file's own account, which may everything. */
export const key = () =>
  (ownKey ??= newAccount()
    .then(newKey)
    .then((issued) => issued.key));

/** A request under this file's own key, unless it brings another. */
export async function keyed(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${await key()}`, ...(init.headers as Record<string, string>) };
  return call(path, { ...init, headers });
}

export function post(body: unknown, init: RequestInit = {}): Promise<Response> {
  return keyed("/v1/images/generations", {
    method: "POST",
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** Events as they arrive; leaving the loop hangs up. */
export async function* sse(response: Response): AsyncGenerator<SseEvent> {
  for await (const { id, type, data } of linesOf(response)) {
    yield { id: id === null ? null : Number(id), type, data };
  }
}

/** All events but comments, to the stream's end. */
export async function events(response: Response): Promise<SseEvent[]> {
  const all: SseEvent[] = [];
  for await (const event of sse(response)) if (event.type !== "comment") all.push(event);
  return all;
}

export async function misbehave(...misdeeds: Misdeed[]): Promise<void> {
  await fetch(`${env.UNRULY_URL}/misdeeds`, { method: "POST", body: JSON.stringify(misdeeds) });
}

export async function seen(): Promise<Seen[]> {
  return (await fetch(`${env.UNRULY_URL}/seen`)).json();
}

export async function record(id: string): Promise<{ status: string; steps: { step: number }[] }> {
  return (await keyed(`/v1/generations/${id}`)).json();
}

/** Waits until a generation has left `running`, or fails after the time given. */
export async function settled(id: string, withinMs = 30_000): Promise<string> {
  const until = Date.now() + withinMs;
  for (;;) {
    const { status } = await record(id);
    if (status !== "running") return status;
    if (Date.now() > until) throw new Error(`${id} is still running after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
