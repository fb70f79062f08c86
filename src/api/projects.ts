/** /v1/projects: an account's projects, which its keys, and so its usage, belong to. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { allow } from "../accounts/caller.ts";
import { refuseFlood } from "../accounts/flood.ts";
import { makeId } from "../accounts/records.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { listOf, name, pageQuery, projectAnswer, readPage, showPage, showProject } from "./key-schemas.ts";
import { keyWith } from "./spec.ts";

const security = keyWith("admin");

const list = createRoute({
  method: "get",
  path: "/v1/projects",
  operationId: "listProjects",
  summary: "List the account's projects, newest first",
  description: "Every key, and so all usage, belongs to one.",
  security,
  request: { query: pageQuery },
  responses: {
    200: {
      description: "Its projects.",
      content: { "application/json": { schema: listOf(projectAnswer) } },
    },
  },
});

const create = createRoute({
  method: "post",
  path: "/v1/projects",
  operationId: "createProject",
  summary: "Make a project",
  description: "At most 500 a day.",
  security,
  request: {
    body: {
      required: true,
      content: { "application/json": { schema: z.strictObject({ name }), example: { name: "shop" } } },
    },
  },
  responses: {
    200: { description: "The project.", content: { "application/json": { schema: projectAnswer } } },
  },
});

export function projectRoutes(app: OpenAPIHono<ApiEnv>, { accounts }: Deps): void {
  app.openapi(list, async (c) => {
    const { account } = allow(c.get("caller"), "admin");
    const page = await accounts.directory.projects(account, readPage(c.req.valid("query")));
    return c.json(showPage(page, showProject), 200);
  });

  app.openapi(create, async (c) => {
    const { account } = allow(c.get("caller"), "admin");
    const { name } = c.req.valid("json");
    await refuseFlood(accounts.directory, "projects", account, Date.now());
    const project = { id: makeId("proj"), account, name, createdMs: Date.now() };
    await accounts.directory.addProject(project);
    return c.json(showProject(project), 200);
  });
}
