/** Why we say no: a closed set of codes, with a public and an internal text kept apart. */

export type RefusalCode =
  | "invalid_json"
  | "unknown_parameter"
  | "missing_required_parameter"
  | "invalid_value"
  | "unsupported_value"
  | "model_not_found"
  | "not_found"
  | "method_not_allowed"
  | "asset_expired"
  | "link_expired"
  | "range_not_satisfiable"
  | "payload_too_large"
  | "unsupported_media_type"
  | "scope_missing"
  | "invalid_api_key"
  | "expired_api_key"
  | "key_inactive"
  | "credit_balance_exhausted"
  | "budget_exceeded"
  | "max_micro_credits_exceeded"
  | "account_disabled"
  | "idempotency_mismatch"
  | "rate_limit_exceeded"
  | "concurrency_limit"
  | "too_many_streams"
  | "headers_too_large"
  | "ledger_unavailable"
  | "directory_unavailable"
  | "auth_off"
  | "still_running"
  | "internal_error"
  | "generation_failed"
  | "no_capacity";

/**
 * A refusal on its way to the caller.
 * `message` is public and names the field; `internal` and `cause` are for the log and never shown.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  readonly param: string | null;
  readonly internal: string | null;
  /** When trying again makes sense, in milliseconds from now. */
  readonly retryAfterMs: number | null;

  constructor(
    code: RefusalCode,
    message: string,
    detail: { param?: string; internal?: string; cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.param = detail.param ?? null;
    this.internal = detail.internal ?? null;
    this.retryAfterMs = detail.retryAfterMs ?? null;
  }
}
