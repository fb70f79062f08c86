/** An exchange that never ends, as one does in workerd when its request is torn down, keeps nobody waiting for long. */
import { expect, test } from "vitest";
import { google } from "../../test/adapters/gateway/google.ts";
import { AccessTokens, parseServiceAccount } from "./google-token.ts";

test("whoever waits for an exchange that does not end makes another, one for all", async () => {
  let asked = 0;
  const answer: typeof fetch = () => {
    asked++;
    if (asked === 1) return new Promise(() => {});
    return Promise.resolve(Response.json({ access_token: `token ${asked}`, expires_in: 3600 }));
  };
  const account = parseServiceAccount(google().keyFile("https://oauth2.example"));
  const tokens = new AccessTokens(account, answer, Date.now, 100);
  const given = await Promise.all([tokens.get(), tokens.get(), tokens.get()]);
  expect(given).toEqual(["token 2", "token 2", "token 2"]);
  expect(asked).toBe(2);
});

test("an exchange that fails is made again by who asks next", async () => {
  let asked = 0;
  const answer: typeof fetch = async () =>
    ++asked === 1
      ? new Response(null, { status: 503 })
      : Response.json({ access_token: "t", expires_in: 60 });
  const account = parseServiceAccount(google().keyFile("https://oauth2.example"));
  const tokens = new AccessTokens(account, answer, Date.now);
  await expect(tokens.get()).rejects.toThrow("503");
  expect(await tokens.get()).toBe("t");
});
