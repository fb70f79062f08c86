/** /v1/keys: an account manages its own keys, with one that has the scope `admin`. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { allow } from "../accounts/caller.ts";
import type { ApiKey } from "../accounts/records.ts";
import { refuseNoBody } from "./body.ts";
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
import { keyWith } from "./spec.ts";

const params = z.object({
  id: z.string().openapi({
    description: "a key's id, not its text",
    pattern: "^key_[0-9a-f]{24}$",
    example: `key_${"0".repeat(24)}`,
  }),
});
const security = keyWith("admin");
const lacking = { 403: errorAnswer("The key lacks the scope `admin`, or what it would grant.") };
const unknown = { 404: errorAnswer("The account has no such key, project or model.") };
const past = { 409: errorAnswer("The key is disabled, expired or has been rotated.") };
const json = <Schema extends z.ZodType>(schema: Schema) => ({ "application/json": { schema } });
const answers = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  200: { description, content: json(schema) },
});

const list = createRoute({
  method: "get",
  path: "/v1/keys",
  operationId: "listKeys",
  summary: "List the account's keys, newest first",
  description: "Disabled and expired ones too. Of a key's text only the beginning is known.",
  security,
  request: { query: pageQuery },
  responses: answers("Its keys.", listOf(keyAnswer)),
});

const create = createRoute({
  method: "post",
  path: "/v1/keys",
  operationId: "createKey",
  summary: "Make a key; its text is shown this once",
  description: "Nobody can grant what their own key lacks, neither a scope nor a model.",
  security,
  request: {
    body: {
      required: true,
      content: {
        "application/json": { schema: newKey, example: { name: "ci", scopes: ["generate", "read"] } },
      },
    },
  },
  responses: {
    200: {
      ...answers("The key.", issuedAnswer)[200],
      links: Object.fromEntries(
        ["showKey", "changeKey", "rotateKey", "disableKey"].map((operationId) => [
          operationId,
          { operationId, parameters: { id: "$response.body#/id" } },
        ]),
      ),
    },
    ...lacking,
    ...unknown,
  },
});

const show = createRoute({
  method: "get",
  path: "/v1/keys/{id}",
  operationId: "showKey",
  summary: "Show a key",
  description: "All but its text.",
  security,
  request: { params },
  responses: { ...answers("The key.", keyAnswer), ...unknown },
});

const change = createRoute({
  method: "patch",
  path: "/v1/keys/{id}",
  operationId: "changeKey",
  summary: "Change a key's name, models, limits or expiry",
  description: "What is absent stays; `null` lifts it. Scopes and project stay for good.",
  security,
  middleware: refuseNoBody,
  request: {
    params,
    body: {
      required: true,
      content: {
        "application/json": { schema: keyChange, example: { limits: { requests_per_minute: 60 } } },
      },
    },
  },
  responses: { ...answers("The key.", keyAnswer), ...lacking, ...unknown, ...past },
});

const disable = createRoute({
  method: "post",
  path: "/v1/keys/{id}/disable",
  operationId: "disableKey",
  summary: "Shut a key for good",
  description: "At once for what costs money, within ten seconds for everything.",
  security,
  request: { params },
  responses: { ...answers("The key.", keyAnswer), ...unknown },
});

const rotate = createRoute({
  method: "post",
  path: "/v1/keys/{id}/rotate",
  operationId: "rotateKey",
  summary: "Make a key in another's place, which lives on for a while",
  description: "With the same settings; whoever rotates a key must have what it has.",
  security,
  request: {
    params,
    body: {
      required: false,
      content: { "application/json": { schema: rotation, example: { overlap_seconds: 3600 } } },
    },
  },
  responses: { ...answers("The new key.", issuedAnswer), ...lacking, ...unknown, ...past },
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
