/** /v1/webhooks: where an account is told of what its ledger posts. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { allow } from "../accounts/caller.ts";
import { WEBHOOK_TYPES } from "../metering/webhooks/message.ts";
import type { Webhook } from "../metering/webhooks/store.ts";
import { Refusal } from "../refusal.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { errorAnswer } from "./schemas.ts";
import { seconds } from "./seconds.ts";
import { keyWith } from "./spec.ts";

const types = z.array(z.enum(WEBHOOK_TYPES)).min(1).max(WEBHOOK_TYPES.length);

const newWebhook = z
  .strictObject({
    url: z
      .string()
      .min(1)
      .max(2048)
      .describe("https, port 443, a public host name that echoes the challenge"),
    events: types.optional().describe("by default all"),
  })
  .openapi("NewWebhook");

const webhookAnswer = z
  .object({
    id: z.string(),
    object: z.literal("webhook"),
    url: z.string(),
    events: types,
    created_at: z.int(),
  })
  .openapi("Webhook");

const issuedAnswer = webhookAnswer
  .extend({ secret: z.string().describe("`whsec_…`, shown this once: what its messages are signed with") })
  .openapi("IssuedWebhook");

const deletedAnswer = z
  .object({ id: z.string(), object: z.literal("webhook.deleted"), deleted: z.literal(true) })
  .openapi("DeletedWebhook");

const json = <Schema extends z.ZodType>(schema: Schema) => ({ "application/json": { schema } });

const list = createRoute({
  method: "get",
  path: "/v1/webhooks",
  operationId: "listWebhooks",
  security: keyWith("admin"),
  summary: "List the account's webhooks, oldest first",
  description: "Without their secrets, which were shown once.",
  responses: {
    200: {
      description: "Its webhooks.",
      content: json(z.object({ object: z.literal("list"), data: z.array(webhookAnswer) })),
    },
  },
});

const create = createRoute({
  method: "post",
  path: "/v1/webhooks",
  operationId: "createWebhook",
  security: keyWith("admin"),
  summary: "Add a webhook; its host is sent a challenge and must echo it",
  description:
    "Messages are signed as Standard Webhooks has it, with the secret that this answer shows once.",
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: newWebhook,
          example: { url: "https://example.com/hooks/vpg", events: ["generation.settled"] },
        },
      },
    },
  },
  responses: {
    200: { description: "The webhook, with its secret.", content: json(issuedAnswer) },
    400: errorAnswer("The URL is not public https, or its host did not echo the challenge."),
    429: errorAnswer("Too many were tried today."),
  },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/webhooks/{id}",
  operationId: "deleteWebhook",
  security: keyWith("admin"),
  summary: "Remove a webhook",
  description: "Nothing more is sent to it, not even what waits for another try.",
  request: { params: z.object({ id: z.string().describe("the webhook") }) },
  responses: {
    200: { description: "It is gone.", content: json(deletedAnswer) },
    404: errorAnswer("The account has no such webhook."),
  },
});

export function webhookRoutes(app: OpenAPIHono<ApiEnv>, { webhooks }: Pick<Deps, "webhooks">): void {
  app.openapi(list, async (c) => {
    const { account } = allow(c.get("caller"), "admin");
    return c.json({ object: "list" as const, data: (await webhooks.list(account)).map(show) }, 200);
  });

  app.openapi(create, async (c) => {
    const { account } = allow(c.get("caller"), "admin");
    const { url, events = WEBHOOK_TYPES } = c.req.valid("json");
    const { webhook, secret } = await webhooks.create(account, url, [...new Set(events)]);
    c.header("cache-control", "no-store");
    return c.json({ ...show(webhook), secret }, 200);
  });

  app.openapi(remove, async (c) => {
    const { account } = allow(c.get("caller"), "admin");
    const { id } = c.req.valid("param");
    if (await webhooks.remove(account, id)) {
      return c.json({ id, object: "webhook.deleted" as const, deleted: true as const }, 200);
    }
    throw new Refusal("not_found", "There is no such webhook.", { param: "id" });
  });
}

const show = ({ id, url, events, createdMs }: Webhook) => ({
  id,
  object: "webhook" as const,
  url,
  events: [...events],
  created_at: seconds(createdMs),
});
