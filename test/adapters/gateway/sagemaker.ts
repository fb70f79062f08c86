/** SageMaker Runtime's front end: signatures, its two calls, headers that pass and headers that do not, 424 around the container's errors. */
import { type Dialect, json, type Received, type Reply, type ServiceError } from "./dialect.ts";
import { payloadParts } from "./events.ts";
import { type AwsIdentity, signatureError } from "./sigv4.ts";

export const endpoint = { name: "var-sprites-1", component: "sprites-ic", variant: "AllTraffic" };

export const identity: AwsIdentity = {
  accessKeyId: "AKIAGATEWAYEXAMPLE00",
  secretAccessKey: "s3cr3t/key+of=the gateway",
  region: "eu-central-1",
  service: "sagemaker",
};
export const sessionToken = "a session/token+of=AWS";

const maxBody = 6_291_456;
const prefix = "x-amzn-sagemaker-";

const error = (status: number, name: string, message: string, more: object = {}) =>
  json(status, { message, ...more }, { "x-amzn-errortype": name });

const timedOut =
  "Your invocation timed out while waiting for a response from container primary. Review the latency metrics";

const refusals: Readonly<Record<ServiceError, Reply>> = {
  throttled: error(400, "ThrottlingException", "Rate exceeded"),
  unavailable: error(503, "ServiceUnavailable", "The service is unavailable. Try your call again."),
  notReady: error(429, "ModelNotReadyException", "Either a serverless endpoint variant's resources ..."),
  internal: error(500, "InternalFailure", "An internal failure occurred."),
  tooLarge: error(413, "RequestEntityTooLargeException", "Request size exceeded 6291456 bytes"),
  timeout: error(424, "ModelError", timedOut, { OriginalStatusCode: 0, OriginalMessage: timedOut }),
};

const path = (request: Received) => request.path.split("?")[0];
const invocations = `/endpoints/${endpoint.name}/invocations`;
const streams = (request: Received) => path(request) === `${invocations}-response-stream`;

export const sagemakerDialect: Dialect = {
  limits: { requestBytes: maxBody, answerBytes: maxBody, timeoutMs: 60_000 },
  own: () => null,
  authorize(request) {
    const wrong = signatureError(request, identity, Date.now());
    if (wrong !== null) return error(403, wrong, `${request.headers.authorization} is not what it should be`);
    if (request.headers["x-amz-security-token"] !== sessionToken)
      return error(403, "ExpiredTokenException", "The security token included in the request is expired");
    return complaint(request);
  },
  // All other headers of a request are dropped.
  forward: ({ headers }) => ({
    path: "/invocations",
    headers: Object.fromEntries(
      ["content-type", "accept", `${prefix}custom-attributes`].flatMap((name) =>
        headers[name] === undefined ? [] : [[name, headers[name]]],
      ),
    ),
  }),
  answer(reply, request) {
    const text = reply.body.toString();
    if (reply.status !== 200)
      return error(
        424,
        "ModelError",
        `Received client error (${reply.status}) from primary with message "${text}"`,
        {
          OriginalStatusCode: reply.status,
          OriginalMessage: text,
          LogStreamArn:
            "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/sagemaker/Endpoints/var-sprites-1",
        },
      );
    const type = reply.headers["content-type"] ?? "";
    const variant = { "x-amzn-invoked-production-variant": endpoint.variant };
    if (!streams(request)) return { ...reply, headers: { "content-type": type, ...variant } };
    return {
      status: 200,
      headers: {
        "content-type": "application/vnd.amazon.eventstream",
        [`${prefix}content-type`]: type,
        ...variant,
      },
      body: payloadParts(reply.body, 7001),
    };
  },
  refuse: (name) => refusals[name],
};

/** What the service finds wrong with a request whose signature is right. */
function complaint(request: Received): Reply | null {
  const { headers, method } = request;
  if (method !== "POST" || (path(request) !== invocations && !streams(request)))
    return error(400, "ValidationError", "Endpoint of account 000000000000 not found.");
  if ((headers[`${prefix}inference-component`] ?? endpoint.component) !== endpoint.component)
    return error(400, "ValidationError", "Inference Component not found.");
  if ((headers[`${prefix}target-variant`] ?? endpoint.variant) !== endpoint.variant)
    return error(400, "ValidationError", "Variant not found.");
  return null;
}
