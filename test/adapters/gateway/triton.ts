/** A reverse proxy before a Triton that wants a token: what stands before most servers of one's own. */
import { type Dialect, json, type ServiceError } from "./dialect.ts";

export const token = "a token/of=the proxy";

const passing = ["content-type", "inference-header-content-length"];

const refusals: Readonly<Record<ServiceError, ReturnType<typeof json> | null>> = {
  throttled: json(429, { error: "too many requests" }),
  unavailable: json(503, { error: "no server is up" }),
  notReady: json(404, { error: "Request for unknown model: no available versions" }),
  internal: json(502, "bad gateway"),
  tooLarge: json(413, "request entity too large"),
  timeout: json(504, "gateway timeout"),
};

/** Lets all sizes through; its container may take a minute. */
export const tritonDialect: Dialect = {
  limits: { requestBytes: null, answerBytes: null, timeoutMs: 60_000 },
  own: () => null,
  authorize: ({ headers }) =>
    headers.authorization === `Bearer ${token}`
      ? null
      : json(401, { error: `who is ${headers.authorization}?` }),
  forward: ({ path, headers }) => ({
    path,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => passing.includes(name))),
  }),
  answer: (reply) => reply,
  refuse: (error) => refusals[error],
};
