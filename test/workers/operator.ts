/** What tests do as the operator and as accounts of their own making. */
import { env } from "cloudflare:workers";
import { call } from "./client.ts";

export interface Issued {
  readonly id: string;
  readonly key: string;
}

/** Calls a path under /v1 with a bearer token; a body is posted, as JSON. */
export function as(token: string, path: string, body?: object, method?: string): Promise<Response> {
  return call(`/v1${path}`, {
    method: method ?? (body ? "POST" : "GET"),
    headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** Calls a path under /v1/admin with the operator's secret. */
export const asOperator = (path: string, body?: object, method?: string) =>
  as(env.ADMIN_SECRET, `/admin${path}`, body, method);

/** A fresh account with some credit. */
export async function newAccount(microCredits = 1_000_000_000): Promise<string> {
  const { id } = await done<{ id: string }>(asOperator("/accounts", { name: "a test" }));
  await done(asOperator(`/accounts/${id}/grants`, { micro_credits: microCredits, key: "first" }));
  return id;
}

/** A fresh key of an account; by default it may everything. */
export function newKey(account: string, about: object = {}): Promise<Issued> {
  const scopes = ["generate", "read", "usage", "admin"];
  return done(asOperator(`/accounts/${account}/keys`, { name: "a test", scopes, ...about }));
}

/** A 200's body; anything else fails the test with what it said. */
export async function done<Body = unknown>(answer: Promise<Response>): Promise<Body> {
  const response = await answer;
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

/** Status and code of a refusal. */
export async function refusal(
  answer: Promise<Response>,
): Promise<[status: number, code: string, param: string | null]> {
  const response = await answer;
  const { error } = (await response.json()) as { error: { code: string; param: string | null } };
  return [response.status, error.code, error.param];
}
