/** Credentials as HTTP headers, and the list of what must never be seen in a message. */

/** How an endpoint knows us: a bearer token, a name and password (HTTP basic), or a Cloudflare Access service token. */
export type Credentials =
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  | { readonly kind: "access"; readonly id: string; readonly secret: string };

/** A shorter word of a header says nothing, and would take words out of every message. */
const leastWord = 6;

export interface Identity {
  readonly headers: Headers;
  /** Secret values in each form in which they go over the wire, where whitespace around a header's value is gone. */
  readonly secrets: readonly string[];
}

/**
 * @param extra headers given by the operator, all taken for secrets
 * @param credentials who we are, if the endpoint asks
 * @returns the headers to send
 * @throws TypeError on a header that cannot be sent; the platform's own message would repeat the value
 */
export function identify(extra: Readonly<Record<string, string>>, credentials?: Credentials): Identity {
  const headers = new Headers();
  const secrets = Object.values(extra).flatMap(partsOf);
  for (const [name, value] of Object.entries(extra)) set(headers, name, value);
  if (credentials?.kind === "bearer") {
    set(headers, "authorization", `Bearer ${credentials.token}`);
    secrets.push(credentials.token.trim());
  } else if (credentials?.kind === "basic") {
    const pair = base64(`${credentials.user}:${credentials.password}`);
    set(headers, "authorization", `Basic ${pair}`);
    secrets.push(credentials.password.trim(), pair);
  } else if (credentials?.kind === "access") {
    set(headers, "cf-access-client-id", credentials.id);
    set(headers, "cf-access-client-secret", credentials.secret);
    secrets.push(credentials.id.trim(), credentials.secret.trim());
  }
  return { headers, secrets };
}

/** The whole value, and its words: an endpoint that repeats a key leaves out the scheme before it. */
function partsOf(value: string): string[] {
  const whole = value.trim();
  return [whole, ...whole.split(/\s+/).filter((word) => word.length >= leastWord)];
}

function set(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value);
  } catch {
    throw new TypeError(`headers: ${name} cannot be sent`);
  }
}

/** Of the UTF-8, as RFC 7617 has it. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
