import { beforeEach, describe, expect, it, vi } from "vitest";
import { Identifier } from "./identify.ts";
import { KEY_BYTES, makeKey } from "./key.ts";
import { Pepper } from "./pepper.ts";
import type { ApiKey } from "./records.ts";

const pepper = new Pepper("a pepper");
const keyOf = (n: number) => makeKey(new Uint8Array(KEY_BYTES).fill(n));
const good = keyOf(1);
const HERE = "192.0.2.1";

let nowMs: number;
/** What the fake directory holds; an outage throws. */
let table: Map<string, ApiKey>;
let outage: "none" | "error" | "silence";
let lookUps: number;
let identifier: Identifier;

async function put(text: string, about: Partial<ApiKey> = {}): Promise<void> {
  const hash = await pepper.hash(text);
  const row: ApiKey = {
    ...{ id: "key_1", account: "acct_1", project: "proj_1", name: "mine", prefix: text.slice(0, 12) },
    ...{ scopes: ["generate"], models: null, limits: null, createdMs: 0 },
    ...{ expiresMs: null, disabledMs: null, replacedBy: null, hash },
  };
  table.set(hash, { ...row, ...about });
}

const directory = {
  findKey: (hash: string) => {
    lookUps++;
    if (outage === "error") return Promise.reject(new Error("D1 is down"));
    if (outage === "silence") return new Promise<never>(() => undefined);
    return Promise.resolve(table.get(hash) ?? null);
  },
};

beforeEach(async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  [nowMs, table, outage, lookUps] = [1_000_000, new Map(), "none", 0];
  identifier = new Identifier({ directory, pepper, now: () => nowMs });
  await put(good);
});

const call = (text = good, address = HERE) => identifier.identify(`Bearer ${text}`, address);
const refused = (code: string, about: object = {}) => expect.objectContaining({ code, ...about });

describe("a key", () => {
  it("says who calls, for which project, and what they may", async () => {
    await put(good, { scopes: ["read", "usage"], models: ["var-sprites"] });
    expect(await call()).toEqual({
      account: "acct_1",
      project: "proj_1",
      apiKey: "key_1",
      scopes: ["read", "usage"],
      models: ["var-sprites"],
    });
  });

  it.each([undefined, "", "Bearer", "Bearer ", "Basic dTpw", `Bearer ${good} ${good}`, good])(
    "must be sent as a bearer token, and the refusal of %j says so",
    async (header) => {
      await expect(identifier.identify(header, HERE)).rejects.toEqual(
        refused("invalid_api_key", { message: expect.stringContaining("Authorization: Bearer vpge_") }),
      );
      expect(lookUps).toBe(0);
    },
  );

  it("may be sent with the scheme in any case", async () => {
    expect((await identifier.identify(`bearer  ${good}`, HERE)).apiKey).toBe("key_1");
  });

  it("with a wrong checksum is refused unseen", async () => {
    await expect(call(`${good.slice(0, -1)}${good.endsWith("a") ? "b" : "a"}`)).rejects.toEqual(
      refused("invalid_api_key"),
    );
    expect(lookUps).toBe(0);
  });

  it("that a directory gives under another hash opens nothing", async () => {
    await put(good, { hash: "another" });
    await expect(call()).rejects.toEqual(refused("invalid_api_key"));
  });
});

describe("what was seen", () => {
  it("is good for ten seconds without asking again, and asked for after that", async () => {
    await call();
    nowMs += 9_999;
    await call();
    expect(lookUps).toBe(1);
    nowMs += 1;
    await call();
    expect(lookUps).toBe(2);
  });

  it("lets a disabled key in no longer than ten seconds", async () => {
    await call();
    await put(good, { disabledMs: nowMs });
    nowMs += 10_000;
    await expect(call()).rejects.toEqual(
      refused("invalid_api_key", { message: "This API key has been disabled." }),
    );
  });

  it("does not outlive the key's own expiry", async () => {
    await put(good, { expiresMs: nowMs + 500 });
    await call();
    nowMs += 499;
    await call();
    nowMs += 1;
    await expect(call()).rejects.toEqual(refused("expired_api_key"));
    expect(lookUps).toBe(1);
  });

  it("of an unknown key is remembered for ten seconds, then asked for again", async () => {
    const fresh = keyOf(2);
    await expect(call(fresh)).rejects.toEqual(refused("invalid_api_key"));
    await put(fresh);
    nowMs += 9_999;
    await expect(call(fresh)).rejects.toEqual(refused("invalid_api_key"));
    expect(lookUps).toBe(1);
    nowMs += 1;
    expect(await call(fresh)).toMatchObject({ apiKey: "key_1" });
  });

  it("of a key that is gone is forgotten", async () => {
    await call();
    table.clear();
    nowMs += 10_000;
    await expect(call()).rejects.toEqual(refused("invalid_api_key"));
    outage = "error";
    nowMs += 10_000;
    await expect(call()).rejects.toEqual(refused("directory_unavailable"));
  });
});

describe("while the directory does not answer", () => {
  it("a key that was good within a minute still opens, and not a moment longer", async () => {
    await call();
    outage = "error";
    nowMs += 59_999;
    expect(await call()).toMatchObject({ apiKey: "key_1" });
    nowMs += 1;
    await expect(call()).rejects.toEqual(refused("directory_unavailable", { retryAfterMs: 1_000 }));
  });

  it("an unseen key gets a 503, not a 401, and is not held against its sender", async () => {
    outage = "error";
    for (let i = 0; i < 30; i++) await expect(call()).rejects.toEqual(refused("directory_unavailable"));
    outage = "none";
    expect(await call()).toMatchObject({ apiKey: "key_1" });
  });

  it("a disabled or expired key that was seen so stays shut", async () => {
    await put(good, { disabledMs: 1 });
    await expect(call()).rejects.toEqual(refused("invalid_api_key"));
    outage = "error";
    nowMs += 30_000;
    await expect(call()).rejects.toEqual(refused("invalid_api_key"));
  });

  it("two seconds of silence are no answer", async () => {
    await call();
    outage = "silence";
    nowMs += 10_000;
    vi.useFakeTimers();
    const known = call();
    const unseen = call(keyOf(3)).catch((error: unknown) => error);
    await vi.waitFor(() => expect(lookUps).toBe(3));
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    expect(await known).toMatchObject({ apiKey: "key_1" });
    expect(await unseen).toEqual(refused("directory_unavailable"));
  });
});

describe("guessing", () => {
  const guess = (n: number, address = HERE) => call(keyOf(100 + n), address);

  it("is stopped after twenty failures in a minute from one address, without asking the directory", async () => {
    for (let i = 0; i < 20; i++) await expect(guess(i)).rejects.toEqual(refused("invalid_api_key"));
    await expect(guess(20)).rejects.toEqual(refused("rate_limit_exceeded", { retryAfterMs: 60_000 }));
    expect(lookUps).toBe(20);
    await expect(guess(20, "192.0.2.2")).rejects.toEqual(refused("invalid_api_key"));
    nowMs += 60_000;
    await expect(guess(21)).rejects.toEqual(refused("invalid_api_key"));
  });

  it("holds up no key that was seen good", async () => {
    await call();
    for (let i = 0; i < 20; i++) await expect(guess(i)).rejects.toEqual(refused("invalid_api_key"));
    nowMs += 30_000;
    await expect(guess(20)).rejects.toEqual(refused("rate_limit_exceeded"));
    expect(await call()).toMatchObject({ apiKey: "key_1" });
  });

  it("is not what one wrong or disabled key does, however often it is sent: others of its address go on", async () => {
    await put(keyOf(2), { disabledMs: 1 });
    for (let i = 0; i < 59; i++, nowMs += 1_000) {
      await expect(guess(0)).rejects.toEqual(refused("invalid_api_key"));
      await expect(call(keyOf(2))).rejects.toEqual(refused("invalid_api_key"));
    }
    expect(lookUps).toBe(12);
    expect(await call()).toMatchObject({ apiKey: "key_1" });
  });
});
