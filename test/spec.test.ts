import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SPEC_FILE, spec } from "../scripts/spec.ts";

interface Said {
  readonly description?: string;
  readonly $ref?: string;
}
interface Operation extends Said {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly { bearer: string[] }[];
  readonly parameters?: readonly (Said & { name: string })[];
  readonly requestBody?: { content: Record<string, { example?: unknown }> };
  readonly responses: Record<string, Said & { headers?: object; content?: object }>;
}
interface Spec {
  readonly tags: readonly { name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: Record<string, Record<string, Said & { properties?: object; headers?: object }>>;
}

const { paths, components, tags } = JSON.parse(await spec()) as Spec;
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ route: `${method} ${path}`, ...operation })),
);
/** Those of which something is not said. */
const lacking = (has: (operation: (typeof operations)[number]) => boolean) =>
  operations.filter((operation) => !has(operation)).map(({ route }) => route);

describe("the API's description", () => {
  it("is the one that the routes make: npm run spec writes it anew", async () => {
    expect(readFileSync(SPEC_FILE, "utf8") === (await spec())).toBe(true);
  });

  it("has a name, a summary, a description and a known tag for every operation", () => {
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    const known = new Set(tags.map(({ name }) => name));
    expect(
      lacking(
        ({ operationId, summary, description, tags: [tag] }) =>
          Boolean(operationId && summary && description) && known.has(tag!),
      ),
    ).toEqual([]);
  });

  it("says of every parameter what it is, and shows a body for every request that has one", () => {
    expect(lacking(({ parameters = [] }) => parameters.every(({ description }) => description))).toEqual([]);
    expect(
      lacking(({ requestBody }) => Object.values(requestBody?.content ?? {}).every(({ example }) => example)),
    ).toEqual([]);
  });

  it("asks for a key, by the declared scheme, wherever under /v1", () => {
    expect(Object.keys(components.securitySchemes!)).toEqual(["bearer"]);
    expect(lacking(({ route, security }) => route.includes(" /v1/") === (security !== undefined))).toEqual(
      [],
    );
  });

  it("tells of the refusals that every operation can have, and of those of keys, scopes and bodies", () => {
    const has = (operation: Operation, ...statuses: number[]) =>
      statuses.every((status) => operation.responses[status]);
    expect(lacking((one) => has(one, 200, 500, 503))).toEqual([]);
    expect(lacking((one) => !one.security || has(one, 401, 429))).toEqual([]);
    expect(lacking((one) => !one.security?.some(({ bearer }) => bearer[0]) || has(one, 403))).toEqual([]);
    expect(lacking((one) => !one.requestBody || has(one, 400, 413, 415))).toEqual([]);
    expect(lacking((one) => !one.route.includes("{id}") || has(one, 404))).toEqual([]);
  });

  it("gives every refusal the one shape, and every answer the request's id", () => {
    const answers = operations.flatMap(({ route, responses }) =>
      Object.entries(responses).map(([status, answer]) => {
        const whole = answer.$ref ? components.responses![answer.$ref.split("/").at(-1)!]! : answer;
        return { route: `${route} ${status}`, status, text: JSON.stringify(whole), whole };
      }),
    );
    const wrong = answers.filter(
      ({ status, text, whole }) =>
        !("x-request-id" in whole.headers!) ||
        (status >= "400" && !text.includes('"$ref":"#/components/schemas/Error"')),
    );
    expect(wrong.map(({ route }) => route)).toEqual([]);
  });

  it("refers to nothing that it does not have", () => {
    const refs = [
      ...JSON.stringify({ paths, components }).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g),
    ];
    expect(refs.filter(([, kind, name]) => !components[kind!]?.[name!]).map(([ref]) => ref)).toEqual([]);
    expect(refs.length).toBeGreaterThan(50);
  });
});
