/** AWS Signature Version 4 as the service checks it, written from its description alone, with node:crypto. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Received } from "./dialect.ts";

/** Whom a service knows. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
}

/** A request may be this old. */
const skewMs = 5 * 60_000;

const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();

/** Why a request is refused: the name of the error AWS answers with. */
export type SignatureError =
  | "MissingAuthenticationToken"
  | "IncompleteSignature"
  | "UnrecognizedClientException"
  | "InvalidSignatureException";

/**
 * @param request as it came, whole
 * @param identity who may
 * @param nowMs milliseconds since 1970
 * @returns what is wrong with its signature, null when nothing is
 */
export function signatureError(
  request: Received,
  identity: AwsIdentity,
  nowMs: number,
): SignatureError | null {
  const { headers } = request;
  const authorization = headers.authorization;
  if (authorization === undefined) return "MissingAuthenticationToken";
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (match === null) return "IncompleteSignature";
  const [, credential, signed, signature] = match as unknown as [string, string, string, string];
  const time = headers["x-amz-date"];
  if (time === undefined || !/^\d{8}T\d{6}Z$/.test(time)) return "IncompleteSignature";
  const [key, ...scope] = credential.split("/");
  if (key !== identity.accessKeyId) return "UnrecognizedClientException";
  const expected = [time.slice(0, 8), identity.region, identity.service, "aws4_request"];
  if (scope.join("/") !== expected.join("/")) return "InvalidSignatureException";
  if (Math.abs(nowMs - timeOf(time)) > skewMs) return "InvalidSignatureException";
  const names = signed.split(";");
  const mustSign = Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  if (mustSign.some((name) => !names.includes(name))) return "InvalidSignatureException";
  // What is said of the body must be true of it.
  const said = headers["x-amz-content-sha256"];
  const payload = sha256(request.body);
  if (said !== undefined && said !== payload) return "InvalidSignatureException";
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical(request, names, payload))].join(
    "\n",
  );
  const signingKey = expected.reduce<Buffer | string>(hmac, `AWS4${identity.secretAccessKey}`);
  const right = hmac(signingKey, text);
  return timingSafeEqual(right, Buffer.from(signature, "hex")) ? null : "InvalidSignatureException";
}

function canonical({ method, path, headers }: Received, names: readonly string[], payload: string): string {
  const url = new URL(path, "http://host");
  const query = [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
  // Every service but S3 encodes each segment of a path twice: once as it was sent, once for the signature.
  const uri = url.pathname.split("/").map(encoded).join("/");
  const lines = names.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`);
  return [method, uri, query, lines.join(""), names.join(";"), payload].join("\n");
}

/** RFC 3986: all but letters, digits and -._~ . */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function timeOf(time: string): number {
  return Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
