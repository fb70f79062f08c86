/** What a cloud's front end does to requests and answers: each cloud's dialect is one of these. */

/** A request that came in whole. */
export interface Received {
  readonly method: string;
  /** With its query, as it came. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An answer, the container's or the service's own. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Ways in which the service itself says no, whatever its container does. */
export type ServiceError = "throttled" | "unavailable" | "notReady" | "internal" | "tooLarge" | "timeout";

export interface Dialect {
  /** What it enforces. */
  readonly limits: {
    readonly requestBytes: number | null;
    readonly answerBytes: number | null;
    readonly timeoutMs: number | null;
  };
  /** An answer of the service's own to what is no inference, null where it is one. */
  own(request: Received): Reply | null;
  /** Null to whoever may, otherwise the refusal. */
  authorize(request: Received): Reply | null;
  /** Where the container is asked, and with which headers: those that pass. */
  forward(request: Received): { readonly path: string; readonly headers: Readonly<Record<string, string>> };
  /** What becomes of the container's answer. */
  answer(reply: Reply, request: Received): Reply;
  /** Null: this service has no such error. */
  refuse(error: ServiceError): Reply | null;
}

/** @returns an answer with a JSON body */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** @returns of the request's headers those named, in the form they came in */
export function picked(request: Received, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => names.includes(name)));
}
