/** Azure ML's front end: a key, a deployment that exists, the container's errors wrapped in 424 with its status in a header. */
import { type Dialect, json, picked, type Reply, type ServiceError } from "./dialect.ts";

export const key = "azure/key+of=the endpoint";
export const deployment = "blue";

/** Azure hands Triton's protocol through: the docs call it with Triton's own client. */
const passing = ["content-type", "inference-header-content-length", "accept-encoding"];

const refusals: Readonly<Record<ServiceError, Reply | null>> = {
  throttled: json(429, "too many pending requests"),
  unavailable: null,
  // A container whose probes fail: wrapped as its errors are, without a status of its own.
  notReady: json(424, "model container is not ready"),
  internal: json(500, "internal server error"),
  tooLarge: json(413, "request entity too large"),
  timeout: json(408, "request timeout"),
};

export const azureDialect: Dialect = {
  limits: { requestBytes: null, answerBytes: null, timeoutMs: 5000 },
  own: () => null,
  authorize({ headers }) {
    if (headers.authorization !== `Bearer ${key}`)
      return json(401, {
        error: { code: "Unauthorized", message: `no access for ${headers.authorization}` },
      });
    const asked = headers["azureml-model-deployment"];
    return asked === undefined || asked === deployment ? null : json(404, "no such deployment");
  },
  forward: (request) => ({ path: request.path, headers: picked(request, passing) }),
  answer(reply) {
    if (reply.status === 200) return reply;
    const { error } = JSON.parse(reply.body.toString()) as { error?: string };
    return {
      status: 424,
      headers: {
        "ms-azureml-model-error-statuscode": String(reply.status),
        "ms-azureml-model-error-reason": (error ?? "").slice(0, 200),
      },
      body: reply.body,
    };
  },
  refuse: (error) => refusals[error],
};
