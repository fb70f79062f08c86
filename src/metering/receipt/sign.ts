/** Signs receipts as compact JWS with Ed25519, publishes the keys, opens what they signed. */
import {
  base64url,
  type CompactJWSHeaderParameters,
  CompactSign,
  calculateJwkThumbprint,
  compactVerify,
  createLocalJWKSet,
  errors,
  importJWK,
  type JSONWebKeySet,
} from "jose";
import { z } from "zod";
import { type Receipt, receiptSchema } from "./schema.ts";

/** Says what was signed, so that no other thing that the key may sign one day passes for a receipt. */
const TYPE = "vpg-receipt+json";
const ALGORITHM = "EdDSA" as const;

const bits256 = z.string().regex(/^[\w-]{43}$/);
const privateKey = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: bits256,
  d: bits256,
});
type PrivateKey = z.infer<typeof privateKey>;
type PublicKey = Omit<PrivateKey, "d">;
type Keys = [PrivateKey, ...(PublicKey & { d?: string | undefined })[]];

/** A key that has retired needs only its public half: receipts under it can still be checked. */
const secretSchema = z.union([
  privateKey.transform((key): Keys => [key]),
  z.tuple([privateKey], privateKey.partial({ d: true })),
]);

export interface PublicKeys {
  readonly keys: readonly (PublicKey & {
    readonly kid: string;
    readonly use: "sig";
    readonly alg: typeof ALGORITHM;
  })[];
}

/**
 * Reads the secret: a private JWK, or an array of them of which the first signs and all are published.
 * @throws Error that never quotes the secret.
 */
function readKeys(secret: string): Keys {
  try {
    return secretSchema.parse(JSON.parse(secret));
  } catch {
    throw new Error("RECEIPT_KEY is neither a private Ed25519 JWK nor an array that begins with one");
  }
}

/** The key set that `/.well-known/jwks.json` serves; each `kid` is the key's RFC 7638 thumbprint. */
export async function publicKeys(secret: string): Promise<PublicKeys> {
  return {
    keys: await Promise.all(
      readKeys(secret).map(async ({ kty, crv, x }) => ({
        kty,
        crv,
        x,
        kid: await calculateJwkThumbprint({ kty, crv, x }),
        use: "sig" as const,
        alg: ALGORITHM,
      })),
    ),
  };
}

interface Signer {
  readonly secret: string;
  readonly header: CompactJWSHeaderParameters;
  readonly key: Awaited<ReturnType<typeof importJWK>>;
}

/** A deployment has one secret, whose key is kept once it is imported; the import is each request's own. */
let known: Signer | null = null;

/** The receipt as a compact JWS under the secret's first key. */
export async function signReceipt(receipt: Receipt, secret: string): Promise<string> {
  if (known?.secret !== secret) known = await signerOf(secret);
  const { header, key } = known;
  return new CompactSign(new TextEncoder().encode(JSON.stringify(receipt)))
    .setProtectedHeader(header)
    .sign(key);
}

async function signerOf(secret: string): Promise<Signer> {
  const [{ kty, crv, x, d }] = readKeys(secret);
  const kid = await calculateJwkThumbprint({ kty, crv, x });
  return {
    secret,
    header: { alg: ALGORITHM, kid, typ: TYPE },
    key: await importJWK({ kty, crv, x, d }, ALGORITHM),
  };
}

export type Opened =
  | { readonly kind: "valid"; readonly receipt: Receipt; readonly kid: string }
  /** No compact JWS, or none of a receipt as this version knows it. */
  | { readonly kind: "malformed"; readonly why: string }
  /** Signed under a key that is not in the set. */
  | { readonly kind: "unknown_key"; readonly kid: string | null }
  | { readonly kind: "bad_signature" };

/** Checks a receipt's signature against published keys, then its shape. */
export async function openReceipt(jws: string, keys: PublicKeys): Promise<Opened> {
  let kid: string | null = null;
  const find = createLocalJWKSet(keys as unknown as JSONWebKeySet);
  try {
    const { payload, protectedHeader } = await compactVerify(
      jws,
      (header, token) => {
        kid = header?.kid ?? null;
        return find(header, token);
      },
      { algorithms: [ALGORITHM] },
    );
    if (protectedHeader.typ !== TYPE) {
      return {
        kind: "malformed",
        why: `it is signed as ${protectedHeader.typ ?? "nothing"}, not as ${TYPE}`,
      };
    }
    const parsed = receiptSchema.safeParse(parseJson(payload));
    if (!parsed.success) return { kind: "malformed", why: z.prettifyError(parsed.error) };
    return { kind: "valid", receipt: parsed.data, kid: kid ?? "" };
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return { kind: "bad_signature" };
    if (error instanceof errors.JWKSNoMatchingKey) return { kind: "unknown_key", kid };
    if (error instanceof errors.JOSEError) return { kind: "malformed", why: error.message };
    throw error;
  }
}

/** A receipt of our own store as it was signed; what it says was checked before it was signed. */
export function readSigned(jws: string): Receipt {
  const payload = jws.split(".")[1] ?? "";
  return JSON.parse(new TextDecoder().decode(base64url.decode(payload))) as Receipt;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
