import { beforeEach, describe, expect, it } from "vitest";
import type { KeyChange } from "../metering/ledger/settings.ts";
import type { Directory } from "./directory.ts";
import { Keyring } from "./keyring.ts";
import { Pepper } from "./pepper.ts";
import type { ApiKey } from "./records.ts";

const limits = {
  requestsPerMinute: 5,
  picturesPerMinute: null,
  concurrency: null,
  streams: null,
  monthlyBudget: null,
};
const settings = {
  ...{ name: "mine", project: "proj_1", scopes: ["generate"], models: null, expiresMs: null },
  limits,
} as const;

/** What the directory and the ledger were told, in order. */
let told: unknown[];
let broken: "nothing" | "directory" | "ledger";
let keyring: Keyring;

beforeEach(() => {
  [told, broken] = [[], "nothing"];
  const note = (who: "directory" | "ledger", what: unknown) => {
    told.push(what);
    if (broken === who) throw new Error(`${who} is down`);
  };
  const directory = {
    madeSince: async () => 0,
    addKey: async (key: ApiKey) => note("directory", ["added", key.id]),
    disableKey: async (_: string, id: string) => note("directory", ["shut", id]),
    changeKey: async (_: string, id: string) => {
      note("directory", ["changed", id]);
      return true;
    },
  } as unknown as Directory;
  keyring = new Keyring({
    directory,
    pepper: new Pepper("a pepper"),
    configureKey: async (change: KeyChange) => {
      note("ledger", change);
      return { kind: "configured" };
    },
    now: () => 1_000,
  });
});

describe("a key with limits", () => {
  it("is limited in the ledger before it is in the directory, where it begins to open", async () => {
    const { key } = await keyring.create("acct_1", settings);
    expect(told).toEqual([{ account: "acct_1", apiKey: key.id, limits }, ["added", key.id]]);
  });

  it("is not made when its limits cannot be set", async () => {
    broken = "ledger";
    await expect(keyring.create("acct_1", settings)).rejects.toThrow("ledger is down");
    expect(told).toHaveLength(1);
  });
});

describe("disabling", () => {
  it.each(["directory", "ledger"] as const)(
    "reaches the other when the %s is down, and says it failed",
    async (who) => {
      const { key } = await keyring.create("acct_1", { ...settings, limits: null });
      [told, broken] = [[], who];
      await expect(keyring.disable(key)).rejects.toThrow(`${who} is down`);
      expect(told).toEqual([{ account: "acct_1", apiKey: key.id, disabled: true }, ["shut", key.id]]);
    },
  );
});

describe("changing", () => {
  it("tells the ledger of limits alone", async () => {
    const { key } = await keyring.create("acct_1", { ...settings, limits: null });
    told = [];
    await keyring.change(key, { name: "renamed" });
    expect(told).toEqual([["changed", key.id]]);
  });

  it("lifts limits in the ledger by saying none", async () => {
    const { key } = await keyring.create("acct_1", settings);
    told = [];
    expect((await keyring.change(key, { limits: null })).limits).toBeNull();
    expect(told[0]).toEqual({
      account: "acct_1",
      apiKey: key.id,
      limits: {
        requestsPerMinute: null,
        picturesPerMinute: null,
        concurrency: null,
        streams: null,
        monthlyBudget: null,
      },
    });
  });
});
