/** Exchanges that fail or never end, as in workerd when a request is torn down, and what is known of tokens given out. */
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

/** One token after the other, each with an hour to live. */
function numbered(now: () => number): AccessTokens {
  let asked = 0;
  const answer: typeof fetch = async () =>
    Response.json({ access_token: `token ${++asked}\n`, expires_in: 3600 });
  return new AccessTokens(parseServiceAccount(google().keyFile("https://oauth2.example")), answer, now);
}

test("a token that is refused late takes nothing from those who have the next one", async () => {
  const tokens = numbered(Date.now);
  const first = await tokens.get();
  tokens.forget(first);
  expect(await tokens.get()).toBe("token 2");
  tokens.forget(first);
  expect(await tokens.get()).toBe("token 2");
});

test("a token is secret until its own end, however many follow it", async () => {
  let now = Date.now();
  const tokens = numbered(() => now);
  for (let i = 0; i < 5; i++) tokens.forget(await tokens.get());
  expect(tokens.secrets).toEqual(expect.arrayContaining([1, 2, 3, 4, 5].map((i) => `token ${i}`)));
  now += 3_600_000;
  await tokens.get();
  expect(tokens.secrets.slice(1)).toEqual(["token 6"]);
});
