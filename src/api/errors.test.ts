import { Hono } from "hono";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ApiEnv } from "./deps.ts";
import { answerError } from "./errors.ts";

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

async function messageOf(generation: string | null): Promise<string> {
  const app = new Hono<ApiEnv>();
  app.onError(answerError);
  app.get("/", (c) => {
    if (generation !== null) c.set("generation", generation);
    throw new Error("of the inside");
  });
  const response = await app.request("/");
  expect(response.status).toBe(500);
  const { error } = (await response.json()) as { error: { message: string; code: string } };
  expect(error.code).toBe("internal_error");
  return error.message;
}

it("an error of ours promises that nothing was charged only where nothing had begun", async () => {
  expect(await messageOf(null)).toBe("Something failed on our side. Nothing was charged.");
  const begun = await messageOf("gen_1");
  expect(begun).toContain("gen_1 may still finish, and is charged then");
  expect(begun).not.toMatch(/nothing was charged|of the inside/i);
});
