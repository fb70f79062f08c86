/** Vertex AI's front end: bearers that its Google gave out, rawPredict at its path, 10 MB or 1.5 MB, errors as Google writes them. */
import { type Dialect, json, picked, type Reply, type ServiceError } from "./dialect.ts";
import type { Google } from "./google.ts";

export const place = { project: "p-1", region: "europe-west4", endpoint: "1234567890" };
const path = `/v1/projects/${place.project}/locations/${place.region}/endpoints/${place.endpoint}:rawPredict`;

const error = (status: number, name: string, message: string) =>
  json(status, { error: { code: status, message, status: name } });

const refusals: Readonly<Record<ServiceError, Reply | null>> = {
  throttled: error(429, "RESOURCE_EXHAUSTED", "Quota exceeded"),
  unavailable: error(503, "UNAVAILABLE", "The service is currently unavailable."),
  notReady: error(400, "FAILED_PRECONDITION", "The endpoint has no deployed model."),
  internal: error(500, "INTERNAL", "Internal error encountered."),
  tooLarge: error(413, "INVALID_ARGUMENT", "The payload size exceeds the limit"),
  timeout: error(504, "DEADLINE_EXCEEDED", "Deadline exceeded"),
};

/**
 * @param accounts who may
 * @param dedicated whether this is an endpoint's own host
 * @param header whether Triton's length header is handed on in answers
 * @returns the dialect
 */
export function vertexDialect(accounts: Google, dedicated: boolean, header: boolean): Dialect {
  const bytes = dedicated ? 10_000_000 : 1_500_000;
  return {
    limits: { requestBytes: bytes, answerBytes: bytes, timeoutMs: 60_000 },
    own: (request) => accounts.exchange(request),
    authorize(request) {
      if (request.path !== path) return error(404, "NOT_FOUND", `no ${request.path}`);
      if (accounts.knows(request.headers.authorization)) return null;
      return error(401, "UNAUTHENTICATED", `invalid credentials: ${request.headers.authorization}`);
    },
    forward: (request) => ({
      path: "/predict",
      headers: picked(request, ["content-type", "x-vertex-ai-triton-redirect"]),
    }),
    answer(reply) {
      const { "inference-header-content-length": length, ...headers } = reply.headers;
      const passed = header && length !== undefined ? { "inference-header-content-length": length } : {};
      return { ...reply, headers: { ...headers, ...passed, "x-vertex-ai-endpoint-id": place.endpoint } };
    },
    refuse: (name) => refusals[name],
  };
}
