/** Google's side of a service account, by the book (RFC 7519, 7523) and node:crypto: checks assertions, gives out tokens, knows them again. */
import { createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import { json, type Received, type Reply } from "./dialect.ts";

const grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const scope = "https://www.googleapis.com/auth/cloud-platform";
const email = "edge@project.iam.gserviceaccount.example";
const keyId = "0123456789abcdef";

export interface Google {
  /** The key file, as handed out, whose tokens are given at that address. */
  keyFile(url: string): string;
  /** The answer to an exchange, null where it is none. */
  exchange(request: Received): Reply | null;
  /** Whether the bearer was given out here and still lives. */
  knows(authorization: string | undefined): boolean;
  /** Exchanges that gave a token. */
  readonly given: { count: number };
  /** All tokens given out are worth nothing from now on. */
  revoke(): void;
}

/** An account with a key of its own. */
export function google(): Google {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = publicKey.export({ type: "spki", format: "pem" });
  const tokens = new Map<string, number>();
  const given = { count: 0 };
  const path = "/token";

  return {
    given,
    keyFile: (url) =>
      JSON.stringify({
        type: "service_account",
        private_key_id: keyId,
        private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
        client_email: email,
        token_uri: `${url}${path}`,
      }),
    exchange(request) {
      if (request.path !== path) return null;
      const form = new URLSearchParams(request.body.toString());
      const wrong =
        request.method !== "POST" || form.get("grant_type") !== grant
          ? "unsupported_grant_type"
          : complaintOf(form.get("assertion") ?? "", String(pem), `http://${request.headers.host}${path}`);
      if (wrong !== null) return json(400, { error: "invalid_grant", error_description: wrong });
      const token = `ya29.${randomBytes(48).toString("base64url")}`;
      tokens.set(token, Date.now() + 3_599_000);
      given.count++;
      return json(200, { access_token: token, expires_in: 3599, token_type: "Bearer" });
    },
    knows: (authorization) =>
      (tokens.get(/^Bearer (.+)$/.exec(authorization ?? "")?.[1] ?? "") ?? 0) > Date.now(),
    revoke: () => tokens.clear(),
  };
}

/** What is wrong with an assertion, null when nothing is. */
function complaintOf(assertion: string, pem: string, audience: string): string | null {
  const parts = assertion.split(".");
  if (parts.length !== 3) return "not a JWT";
  const [head, claims] = parts.slice(0, 2).map((part) => parsed(part)) as [Claims, Claims];
  if (head.alg !== "RS256" || head.typ !== "JWT" || head.kid !== keyId) return "header";
  const signature = Buffer.from(parts[2]!, "base64url");
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  if (!verify("RSA-SHA256", signed, createPublicKey(pem), signature)) return "signature";
  const now = Date.now() / 1000;
  const { iss, aud, iat, exp } = claims;
  if (iss !== email) return "iss";
  if (aud !== audience) return "aud";
  if (claims.scope !== scope) return "scope";
  if (typeof iat !== "number" || typeof exp !== "number") return "times";
  if (iat > now + 60 || exp < now || exp - iat > 3600) return "times";
  return null;
}

type Claims = Readonly<Record<string, unknown>>;

function parsed(part: string): Claims {
  if (!/^[\w-]+$/.test(part)) return {};
  return JSON.parse(Buffer.from(part, "base64url").toString()) as Claims;
}
