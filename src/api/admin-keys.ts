/** /v1/admin/accounts/{id}/keys: the operator makes, lists, rotates and shuts any account's keys. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { knownAccount } from "./admin.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { createKey, findKey, rotateKey } from "./key-acts.ts";
import {
  issuedAnswer,
  keyAnswer,
  listOf,
  newKey,
  overlapMs,
  pageQuery,
  readPage,
  rotation,
  showIssued,
  showKey,
  showPage,
} from "./key-schemas.ts";

const ofAccount = z.object({ id: z.string() });
const ofKey = z.object({ id: z.string(), key: z.string() });
const json = <Schema extends z.ZodType>(schema: Schema) => ({ "application/json": { schema } });
const answers = <Schema extends z.ZodType>(schema: Schema) => ({
  200: { description: "Done.", content: json(schema) },
});

const list = createRoute({
  method: "get",
  path: "/v1/admin/accounts/{id}/keys",
  hide: true,
  request: { params: ofAccount, query: pageQuery },
  responses: answers(listOf(keyAnswer)),
});

const create = createRoute({
  method: "post",
  path: "/v1/admin/accounts/{id}/keys",
  hide: true,
  request: { params: ofAccount, body: { required: true, content: json(newKey) } },
  responses: answers(issuedAnswer),
});

const disable = createRoute({
  method: "post",
  path: "/v1/admin/accounts/{id}/keys/{key}/disable",
  hide: true,
  request: { params: ofKey },
  responses: answers(keyAnswer),
});

const rotate = createRoute({
  method: "post",
  path: "/v1/admin/accounts/{id}/keys/{key}/rotate",
  hide: true,
  request: { params: ofKey, body: { required: false, content: json(rotation) } },
  responses: answers(issuedAnswer),
});

export function adminKeyRoutes(app: OpenAPIHono<ApiEnv>, deps: Deps): void {
  const { directory, keyring } = deps.accounts;

  app.openapi(list, async (c) => {
    const account = await knownAccount(deps, c.req.valid("param").id);
    const page = await directory.keys(account.id, readPage(c.req.valid("query")));
    return c.json(showPage(page, showKey), 200);
  });

  app.openapi(create, async (c) => {
    const account = await knownAccount(deps, c.req.valid("param").id);
    return c.json(showIssued(await createKey(deps, account.id, c.req.valid("json"), "operator")), 200);
  });

  app.openapi(disable, async (c) => {
    const { id, key } = c.req.valid("param");
    return c.json(showKey(await keyring.disable(await findKey(deps, id, key))), 200);
  });

  app.openapi(rotate, async (c) => {
    const { id, key } = c.req.valid("param");
    const old = await findKey(deps, id, key);
    return c.json(showIssued(await rotateKey(deps, old, overlapMs(c.req.valid("json")), "operator")), 200);
  });
}
