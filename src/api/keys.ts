/** /v1/keys: an account manages its own keys, with one that has the scope `admin`. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { allow } from "../accounts/caller.ts";
import type { ApiKey } from "../accounts/records.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { changeKey, createKey, findKey, rotateKey } from "./key-acts.ts";
import {
  issuedAnswer,
  keyAnswer,
  keyChange,
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
import { errorAnswer } from "./schemas.ts";

const params = z.object({ id: z.string() });
const refusals = {
  401: errorAnswer("No API key, or not a good one."),
  403: errorAnswer("The key lacks the scope `admin`, or what it would grant."),
};
const unknown = { 404: errorAnswer("The account has no such key, project or model.") };
const unfit = { 400: errorAnswer("The request cannot be served; `param` names the field.") };
const past = { 409: errorAnswer("The key is disabled, expired or has been rotated.") };
const json = <Schema extends z.ZodType>(schema: Schema) => ({ "application/json": { schema } });

const list = createRoute({
  method: "get",
  path: "/v1/keys",
  summary: "List the account's keys, newest first",
  request: { query: pageQuery },
  responses: {
    200: { description: "Its keys.", content: json(listOf(keyAnswer)) },
    ...{ ...refusals, ...unfit },
  },
});

const create = createRoute({
  method: "post",
  path: "/v1/keys",
  summary: "Make a key; its text is shown this once",
  request: { body: { required: true, content: json(newKey) } },
  responses: {
    200: { description: "The key.", content: json(issuedAnswer) },
    ...{ ...refusals, ...unfit, ...unknown },
  },
});

const show = createRoute({
  method: "get",
  path: "/v1/keys/{id}",
  summary: "Show a key",
  request: { params },
  responses: { 200: { description: "The key.", content: json(keyAnswer) }, ...{ ...refusals, ...unknown } },
});

const change = createRoute({
  method: "patch",
  path: "/v1/keys/{id}",
  summary: "Change a key's name, models, limits or expiry",
  request: { params, body: { required: true, content: json(keyChange) } },
  responses: {
    200: { description: "The key.", content: json(keyAnswer) },
    ...{ ...refusals, ...unfit, ...unknown, ...past },
  },
});

const disable = createRoute({
  method: "post",
  path: "/v1/keys/{id}/disable",
  summary: "Shut a key for good",
  request: { params },
  responses: { 200: { description: "The key.", content: json(keyAnswer) }, ...{ ...refusals, ...unknown } },
});

const rotate = createRoute({
  method: "post",
  path: "/v1/keys/{id}/rotate",
  summary: "Make a key in another's place, which lives on for a while",
  request: { params, body: { required: false, content: json(rotation) } },
  responses: {
    200: { description: "The new key.", content: json(issuedAnswer) },
    ...{ ...refusals, ...unfit, ...unknown, ...past },
  },
});

export function keyRoutes(app: OpenAPIHono<ApiEnv>, deps: Deps): void {
  const { directory, keyring } = deps.accounts;
  const admin = (c: Context<ApiEnv>) => allow(c.get("caller"), "admin");
  const own = (c: Context<ApiEnv>, id: string): Promise<ApiKey> => findKey(deps, admin(c).account, id);

  app.openapi(list, async (c) => {
    const page = await directory.keys(admin(c).account, readPage(c.req.valid("query")));
    return c.json(showPage(page, showKey), 200);
  });

  app.openapi(create, async (c) => {
    const caller = admin(c);
    return c.json(showIssued(await createKey(deps, caller.account, c.req.valid("json"), caller)), 200);
  });

  app.openapi(show, async (c) => c.json(showKey(await own(c, c.req.valid("param").id)), 200));

  app.openapi(change, async (c) => {
    const key = await own(c, c.req.valid("param").id);
    return c.json(showKey(await changeKey(deps, key, c.req.valid("json"), admin(c))), 200);
  });

  app.openapi(disable, async (c) => {
    const key = await own(c, c.req.valid("param").id);
    return c.json(showKey(await keyring.disable(key)), 200);
  });

  app.openapi(rotate, async (c) => {
    const key = await own(c, c.req.valid("param").id);
    return c.json(showIssued(await rotateKey(deps, key, overlapMs(c.req.valid("json")), admin(c))), 200);
  });
}
