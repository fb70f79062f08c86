/** Refusal to HTTP, the only place: status, type and OpenAI's error shape. */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { z } from "zod";
import { Refusal, type RefusalCode } from "../refusal.ts";

const INVALID = "invalid_request_error";

const HTTP: Record<RefusalCode, readonly [status: ContentfulStatusCode, type: string]> = {
  invalid_json: [400, INVALID],
  unknown_parameter: [400, INVALID],
  missing_required_parameter: [400, INVALID],
  invalid_value: [400, INVALID],
  unsupported_value: [400, INVALID],
  credit_balance_exhausted: [402, "insufficient_quota"],
  budget_exceeded: [402, "insufficient_quota"],
  max_micro_credits_exceeded: [402, "insufficient_quota"],
  invalid_api_key: [401, "authentication_error"],
  expired_api_key: [401, "authentication_error"],
  scope_missing: [403, "permission_error"],
  account_disabled: [403, "permission_error"],
  model_not_found: [404, INVALID],
  not_found: [404, INVALID],
  method_not_allowed: [405, INVALID],
  still_running: [409, INVALID],
  key_inactive: [409, INVALID],
  asset_expired: [410, INVALID],
  link_expired: [410, INVALID],
  payload_too_large: [413, INVALID],
  unsupported_media_type: [415, INVALID],
  range_not_satisfiable: [416, INVALID],
  idempotency_mismatch: [422, "idempotency_error"],
  rate_limit_exceeded: [429, "rate_limit_error"],
  concurrency_limit: [429, "rate_limit_error"],
  too_many_streams: [429, "rate_limit_error"],
  headers_too_large: [431, INVALID],
  internal_error: [500, "server_error"],
  generation_failed: [500, "server_error"],
  no_capacity: [503, "service_unavailable_error"],
  ledger_unavailable: [503, "service_unavailable_error"],
  directory_unavailable: [503, "service_unavailable_error"],
  auth_off: [503, "service_unavailable_error"],
};

/** Every code and type that an error can have. */
export const ERROR_CODES = Object.keys(HTTP) as RefusalCode[];
export const ERROR_TYPES = [...new Set(Object.values(HTTP).map(([, type]) => type))];

/** OpenAI's error object: all four keys, always. */
export function errorBody(refusal: Refusal) {
  const { code, message, param } = refusal;
  return { error: { type: HTTP[code][1], message, param, code } };
}

/** Answers any error that a handler threw; what is not a Refusal is ours, logged and not shown. */
export function answerError(error: Error, c: Context): Response {
  const refusal = error instanceof Refusal ? error : refusalOf(error, c.get("generation"));
  if (refusal.internal || refusal.cause) console.error(c.get("requestId"), refusal.internal, refusal.cause);
  const [status] = HTTP[refusal.code];
  if (status === 401) c.header("www-authenticate", "Bearer");
  // It was stopped on purpose and has cost its steps: the official clients would start and pay another.
  if (refusal.code === "generation_failed") c.header("x-should-retry", "false");
  if (refusal.retryAfterMs !== null) {
    c.header("retry-after", `${Math.ceil(refusal.retryAfterMs / 1000)}`);
    c.header("retry-after-ms", `${Math.ceil(refusal.retryAfterMs)}`);
  }
  return c.json(errorBody(refusal), status);
}

/** @param generation that had begun, if one had: it does not fail with the request. */
function refusalOf(error: Error, generation: string | undefined): Refusal {
  if (error instanceof HTTPException && error.status === 400) {
    return new Refusal("invalid_json", "The body is not valid JSON.");
  }
  if (error instanceof HTTPException && error.status === 413) {
    return new Refusal("payload_too_large", "The body is larger than this endpoint reads.");
  }
  const charged = generation
    ? `${generation} may still finish, and is charged then; its record tells, and so does the same request again.`
    : "Nothing was charged.";
  return new Refusal("internal_error", `Something failed on our side. ${charged}`, { cause: error });
}

/** The first thing wrong with a request, named by its field. */
export function refusalOfIssues(error: z.core.$ZodError): Refusal {
  const issue = deepest(error.issues[0]!);
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const param = [...issue.path, issue.keys[0]].join(".");
    return new Refusal("unknown_parameter", `Unknown parameter: '${param}'.`, { param });
  }
  if (path === "") return new Refusal("invalid_value", "The body must be a JSON object.");
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) {
    return new Refusal("missing_required_parameter", `Missing required parameter: '${path}'.`, {
      param: path,
    });
  }
  return new Refusal("invalid_value", `${path}: ${issue.message}`, { param: path });
}

/** Of a union's branches the one that got furthest says what is wrong. */
function deepest(issue: z.core.$ZodIssue, prefix: PropertyKey[] = []): z.core.$ZodIssue {
  const path = [...prefix, ...issue.path];
  if (issue.code !== "invalid_union") return { ...issue, path };
  const branches = issue.errors.flatMap((errors) => (errors[0] ? [deepest(errors[0], path)] : []));
  const furthest = branches.reduce<z.core.$ZodIssue | null>(
    (best, branch) => (best && score(best) >= score(branch) ? best : branch),
    null,
  );
  return furthest && score(furthest) > path.length ? furthest : { ...issue, path };
}

const score = (issue: z.core.$ZodIssue) => issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0);
