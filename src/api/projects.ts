/** /v1/projects: an account's projects, which its keys, and so its usage, belong to. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { allow } from "../accounts/caller.ts";
import { refuseFlood } from "../accounts/flood.ts";
import { makeId } from "../accounts/records.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { listOf, name, pageQuery, projectAnswer, readPage, showPage, showProject } from "./key-schemas.ts";
import { errorAnswer } from "./schemas.ts";

const refusals = {
  400: errorAnswer("The request cannot be served; `param` names the field."),
  401: errorAnswer("No API key, or not a good one."),
  403: errorAnswer("The key lacks the scope `admin`."),
};

const list = createRoute({
  method: "get",
  path: "/v1/projects",
  summary: "List the account's projects, newest first",
  request: { query: pageQuery },
  responses: {
    200: {
      description: "Its projects.",
      content: { "application/json": { schema: listOf(projectAnswer) } },
    },
    ...refusals,
  },
});

const create = createRoute({
  method: "post",
  path: "/v1/projects",
  summary: "Make a project",
  request: {
    body: { required: true, content: { "application/json": { schema: z.strictObject({ name }) } } },
  },
  responses: {
    200: { description: "The project.", content: { "application/json": { schema: projectAnswer } } },
    ...refusals,
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
