/** The API's description: what its routes declare, and what holds for every one of them, said once. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Scope } from "../accounts/scope.ts";
import type { ApiEnv } from "./deps.ts";

type Description = ReturnType<OpenAPIHono<ApiEnv>["getOpenAPI31Document"]>;
type PathItem = NonNullable<Description["paths"]>[string];
type Operation = NonNullable<PathItem["get"]>;
type Responses = NonNullable<Operation["responses"]>;
type Components = NonNullable<Description["components"]>;

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

/** `security` of a route that any good key opens. */
export const anyKey = [{ bearer: [] as string[] }];

/** `security` of a route that a key with this scope opens, or with any one of several. */
export const keyWith = (scope: Scope, ...orElse: Scope[]) =>
  [scope, ...orElse].map((one) => ({ bearer: [one as string] }));

const integer = { type: "integer", minimum: 0 } as const;

const headers: NonNullable<Components["headers"]> = {
  "x-request-id": {
    description: "Names this request; tell us of it when something went wrong.",
    required: true,
    schema: { type: "string", pattern: "^req_[0-9a-f]{32}$" },
  },
  "server-timing": {
    description: "Where the time went, in milliseconds.",
    required: true,
    schema: { type: "string" },
  },
  "x-generation-id": {
    description: "The generation that the request started or joined; absent from a price quote.",
    schema: { type: "string", pattern: "^gen_[0-9a-f]{56}$" },
  },
  "www-authenticate": {
    description: "How to send a key.",
    required: true,
    schema: { type: "string", enum: ["Bearer"] },
  },
  "retry-after": { description: "When to try again, in whole seconds from now.", schema: integer },
  "retry-after-ms": { description: "The same in milliseconds.", schema: integer },
  ...Object.fromEntries(
    ["requests", "images"].flatMap((what) => [
      [`x-ratelimit-limit-${what}`, { description: `How many ${what} a minute may have.`, schema: integer }],
      [`x-ratelimit-remaining-${what}`, { description: `How many ${what} are left now.`, schema: integer }],
      [
        `x-ratelimit-reset-${what}`,
        { description: "When all are back.", schema: { type: "string", pattern: "^[0-9]+ms$" } },
      ],
    ]),
  ),
};

/** Refers an answer to headers that are described once. */
export const withHeaders = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** The headers of an answer that a limit let through. */
export const limitHeaders = Object.keys(headers).filter((name) => name.startsWith("x-ratelimit-"));

const ALWAYS = ["x-request-id", "server-timing"];
const HEADERS_OF: Readonly<Record<string, readonly string[]>> = {
  401: ["www-authenticate"],
  429: ["retry-after", "retry-after-ms"],
  503: ["retry-after", "retry-after-ms"],
};

/** Refusals that whole kinds of routes have in common. */
const REFUSALS = {
  400: "A field, parameter or header cannot be served; `param` names it.",
  401: "No API key, or not a good one; the message says why.",
  403: "The key lacks the scope that `param` names.",
  413: "The body is larger than 1 MiB.",
  415: "The body is not `application/json`.",
  429: "A limit was reached, or too many wrong keys came from one address; `retry-after` says when to try again.",
  431: "The headers are longer than 16,384 characters.",
  500: "Something failed on our side. A generation that had begun may still finish: its record tells.",
  503: "We cannot do it just now; nothing was charged, and trying again is safe.",
};
type Shared = keyof typeof REFUSALS;

const nameOf = (status: string | number) => `Refusal${status}`;

/** The whole description, ready to be served or kept. */
export function describeApi(app: OpenAPIHono<ApiEnv>): Description {
  const description = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "vpg-edge",
      version: "1",
      license: { name: "MIT" },
      description: [
        "Guided autoregressive image generation in the OpenAI API's shapes.",
        "Unknown fields and query parameters are refused by name. A method that a path does not answer gets a 405",
        "with `Allow`. Money is counted in micro-credits, whole ones. Times are seconds since 1970 unless the name",
        "ends in `_ms`. Another account's things are a 404, like things that are not there.",
      ].join("\n"),
    },
    servers: [{ url: "/", description: "Where this description came from." }],
    security: [],
    tags: Object.entries(TAGS).map(([name, about]) => ({ name, description: about })),
  });
  for (const [path, item] of Object.entries(description.paths ?? {})) {
    for (const method of METHODS) if (item[method]) complete(path, item[method]);
  }
  description.components = {
    ...description.components,
    headers,
    responses: Object.fromEntries(
      Object.entries(REFUSALS).map(([status, about]) => [nameOf(status), refusal(status, about)]),
    ),
    securitySchemes: {
      bearer: {
        type: "http",
        scheme: "bearer",
        bearerFormat: "vpge_ and 38 characters of base62",
        description:
          "An API key. Where an operation names a scope, the key must have it: generate, read, usage or admin.",
      },
    },
  };
  return description;
}

const TAGS: Readonly<Record<string, string>> = {
  images: "Draw pictures, or ask for their price.",
  generations: "What has been drawn: records, events, receipts.",
  models: "What there is to draw with.",
  account: "Balance, limits and the ledger's rows.",
  usage: "What was delivered, and its price.",
  keys: "API keys of the account.",
  projects: "What keys and usage are sorted by.",
  webhooks: "Where the account is told of what its ledger posts.",
  outputs: "Finished pictures by signed links; these ask for no key.",
  service: "The service itself; these ask for no key.",
};

/** /v1/keys/{id} is of `keys`; OpenAI's organization routes report usage. */
function tagOf(path: string): string {
  const [, version, what] = path.split("/");
  if (version === "outputs") return version;
  if (version !== "v1" || what === undefined) return "service";
  return what === "organization" ? "usage" : what;
}

function complete(path: string, operation: Operation): void {
  operation.tags = [tagOf(path)];
  const answers: Responses = operation.responses ?? {};
  operation.responses = answers;
  for (const status of sharedBy(operation)) {
    answers[status] ??= { $ref: `#/components/responses/${nameOf(status)}` };
  }
  for (const [status, answer] of Object.entries(answers)) {
    if (!("$ref" in answer)) answer.headers = { ...headersOf(status), ...answer.headers };
  }
}

function sharedBy({ security, parameters, requestBody }: Operation): Shared[] {
  const scopes = security?.flatMap(({ bearer }) => bearer ?? []) ?? [];
  const read = parameters?.some((one) => "in" in one && one.in !== "path") || requestBody !== undefined;
  return [
    ...(read ? ([400] as const) : []),
    ...(security ? ([401, 429] as const) : []),
    ...(scopes.length > 0 ? ([403] as const) : []),
    ...(requestBody ? ([413, 415] as const) : []),
    ...([431, 500, 503] as const),
  ];
}

const headersOf = (status: string) => withHeaders(...ALWAYS, ...(HEADERS_OF[status] ?? []));

const refusal = (status: string, description: string) => ({
  description,
  headers: headersOf(status),
  content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
});
