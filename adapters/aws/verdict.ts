/** What SageMaker's errors mean: the service's own by name, the container's as Triton means them. */
import { errorOf } from "../http/complaint.ts";
import { type Verdict, verdictOf } from "../http/status.ts";

const credentials: Verdict = { fault: { kind: "credentials" }, billed: "no" };
const overloaded: Verdict = { fault: { kind: "overloaded" }, billed: "no" };
const cold: Verdict = { fault: { kind: "cold" }, billed: "no" };
const broken: Verdict = { fault: { kind: "unreachable" }, billed: "unknown" };
const late: Verdict = { fault: { kind: "timeout", phase: "head" }, billed: "unknown" };

/** The API's own errors, and those every AWS service has. */
const byName: Readonly<Record<string, Verdict>> = {
  ModelNotReadyException: cold,
  ServiceUnavailable: overloaded,
  InternalFailure: broken,
  InternalDependencyException: broken,
  ThrottlingException: overloaded,
  AccessDeniedException: credentials,
  ExpiredTokenException: credentials,
  IncompleteSignature: credentials,
  InvalidClientTokenId: credentials,
  InvalidSignatureException: credentials,
  MissingAuthenticationToken: credentials,
  NotAuthorized: credentials,
  OptInRequired: credentials,
  UnrecognizedClientException: credentials,
};

/** SageMaker's words when the container took longer than it allows. */
const timedOut = /timed? ?out/i;

export interface AwsRefusal {
  readonly status: number;
  /** The error's name, as the SDK found it in header or body. */
  readonly name: string;
  /** The body as it came. */
  readonly text: string;
  /** Of a ModelError: what the container answered. */
  readonly originalStatus?: number | undefined;
  readonly originalMessage?: string | undefined;
}

/**
 * @param refusal an answer that was no 200
 * @returns kind of fault, whether it cost something, and words for the log
 */
export function awsVerdict(refusal: AwsRefusal): Verdict & { readonly words: string } {
  const { name, status, text } = refusal;
  const words = `${status} ${name}: ${messageOf(text)}`;
  if (name === "ModelError") {
    const complaint = errorOf(refusal.originalMessage ?? "");
    return {
      ...containerVerdict(refusal.originalStatus ?? 0, complaint, text),
      words: `${words} ${complaint}`,
    };
  }
  // The step itself is opaque to the service: what it finds wrong is the endpoint's name or state, or the size.
  if (name === "ValidationError") {
    const missing = /not found|not exist|InService|variant|component/i.test(text);
    return { ...(missing ? cold : { fault: { kind: "unreachable" }, billed: "no" }), words };
  }
  const verdict = byName[name] ?? verdictOf({ status, complaint: text, headers: new Headers() });
  return { ...verdict, words };
}

function containerVerdict(status: number, complaint: string, text: string): Verdict {
  if (status >= 300) return verdictOf({ status, complaint, headers: new Headers() });
  return timedOut.test(text) ? late : broken;
}

function messageOf(text: string): string {
  try {
    const { message, Message } = JSON.parse(text);
    return String(message ?? Message ?? "");
  } catch {
    return text;
  }
}
