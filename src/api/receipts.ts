/** GET /v1/generations/{id}/receipt, and the keys that receipts are signed with. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import { allow } from "../accounts/caller.ts";
import { receiptSchema } from "../metering/receipt/schema.ts";
import { readSigned } from "../metering/receipt/sign.ts";
import { Refusal } from "../refusal.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { errorAnswer, generationId } from "./schemas.ts";
import { keyWith } from "./spec.ts";

const JOSE = "application/jose";
const JSON_TYPE = "application/json";
/** How long a key set may be kept: a new key should be published this long before it signs. */
const KEYS_FRESH_S = 300;

const receiptAnswer = z
  .object({
    object: z.literal("receipt"),
    receipt: receiptSchema.openapi("Receipt"),
    jws: z.string().describe("the same receipt, signed: compact JWS, EdDSA"),
  })
  .openapi("SignedReceipt");

const show = createRoute({
  method: "get",
  path: "/v1/generations/{id}/receipt",
  operationId: "showReceipt",
  summary: "Show a generation's signed receipt, once it has been settled",
  description: "What was asked, delivered and charged; `npm run verify` checks it offline.",
  security: keyWith("read"),
  request: { params: z.object({ id: generationId }) },
  responses: {
    200: {
      description: "The receipt and its JWS, or with `accept: application/jose` the JWS alone.",
      content: {
        "application/json": { schema: receiptAnswer },
        [JOSE]: { schema: { type: "string" } },
      },
    },
    404: errorAnswer("No such generation, or none that has been settled."),
  },
});

const keys = createRoute({
  method: "get",
  path: "/.well-known/jwks.json",
  operationId: "listReceiptKeys",
  summary: "The public keys of receipts",
  description: "Ed25519; a receipt names the one that signed it by its thumbprint.",
  responses: {
    200: {
      description: "A JSON Web Key Set.",
      content: {
        "application/json": {
          schema: z
            .object({
              keys: z.array(
                z.object({
                  kty: z.literal("OKP"),
                  crv: z.literal("Ed25519"),
                  x: z.string(),
                  kid: z.string(),
                  use: z.literal("sig"),
                  alg: z.literal("EdDSA"),
                }),
              ),
            })
            .openapi("KeySet"),
        },
      },
    },
  },
});

export function receiptRoutes(
  app: OpenAPIHono<ApiEnv>,
  { ids, receipts, publicKeys }: Pick<Deps, "ids" | "receipts" | "publicKeys">,
): void {
  app.openapi(show, async (c) => {
    const { account } = allow(c.get("caller"), "read");
    const { id } = c.req.valid("param");
    const known = (await ids.check(id)) !== null;
    const jws = known ? await receipts.get(account, id) : null;
    if (jws === null) {
      throw new Refusal("not_found", "There is no such generation, or it has not been settled yet.", {
        param: "id",
      });
    }
    c.header("vary", "accept", { append: true });
    if (accepts(c, { header: "Accept", supports: [JSON_TYPE, JOSE], default: JSON_TYPE }) === JOSE) {
      return c.body(jws, 200, { "content-type": JOSE });
    }
    return c.json({ object: "receipt" as const, receipt: readSigned(jws), jws }, 200);
  });

  app.openapi(keys, async (c) => {
    const { keys } = await publicKeys();
    c.header("cache-control", `public, max-age=${KEYS_FRESH_S}`);
    return c.json({ keys: [...keys] }, 200);
  });
}
