/** What only Azure ML says: the deployment in a header, a container's error behind 424. */
import { expect, test } from "vitest";
import { failureOf, never, told } from "../test/adapters/failures.ts";
import { serve } from "../test/adapters/server.ts";
import { headersOf, numerics, stepAnswer, stepRequest } from "../test/adapters/steps.ts";
import { azure } from "./azure.ts";

const options = { name: "lab", region: "westeurope", numerics, token: "key" };

test("the key goes out as a bearer, the deployment in its header where one is named", async () => {
  const good = stepAnswer(stepRequest);
  await using server = await serve((response) => {
    response.writeHead(200, headersOf(good)).end(good.body);
  });
  await azure({ ...options, url: server.url, deployment: "blue" }).step(stepRequest, never);
  await azure({ ...options, url: server.url }).step(stepRequest, never);
  const [named, split] = server.seen;
  expect(named).toMatchObject({
    path: "/v2/models/var-sprites/infer",
    headers: {
      authorization: "Bearer key",
      "azureml-model-deployment": "blue",
      "accept-encoding": "identity",
    },
  });
  expect(split?.headers["azureml-model-deployment"]).toBeUndefined();
});

test.each<[string, Record<string, string>, string, string]>([
  ["a bad request", { statuscode: "400", reason: "tokens: a token >= V" }, "", "rejected no"],
  [
    "a model that loads",
    { statuscode: "400", reason: "Bad Request" },
    '{"error":"model is not ready"}',
    "cold no",
  ],
  ["a server that stops", { statuscode: "503" }, "", "cold no"],
  ["a model that fails", { statuscode: "500" }, "", "unreachable unknown"],
  ["nothing of the container", {}, "Model not healthy", "cold no"],
  ["no number", { statuscode: "none" }, "", "cold no"],
])("a 424 with %s is that fault", async (_, model, body, expected) => {
  await using server = await serve((response) => {
    const names = Object.entries(model).map(([name, value]) => [`ms-azureml-model-error-${name}`, value]);
    response.writeHead(424, Object.fromEntries(names)).end(body);
  });
  expect(told(await failureOf(azure({ ...options, url: server.url })))).toBe(expected);
});

test.each([
  [401, "credentials no"],
  [404, "cold no"],
  [408, "timeout/head unknown"],
  [429, "overloaded no"],
  [500, "unreachable unknown"],
])("its own %i is %s", async (status, expected) => {
  await using server = await serve((response) => {
    response.writeHead(status).end();
  });
  expect(told(await failureOf(azure({ ...options, url: server.url })))).toBe(expected);
});
