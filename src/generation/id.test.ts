import { describe, expect, it } from "vitest";
import { GenerationIds } from "./id.ts";

const ids = new GenerationIds("secret");
const random = new Uint8Array(16).fill(7);

describe("GenerationIds", () => {
  it("knows its own ids and when they were made", async () => {
    const id = await ids.make(1_795_478_400_123, random);
    expect(id).toMatch(/^gen_[0-9a-f]{56}$/);
    expect(await ids.check(id)).toBe(1_795_478_400_123);
  });

  it("refuses any id with one digit changed", async () => {
    const id = await ids.make(1_795_478_400_123, random);
    for (let at = 4; at < id.length; at++) {
      const other = id[at] === "0" ? "1" : "0";
      expect(await ids.check(id.slice(0, at) + other + id.slice(at + 1))).toBeNull();
    }
  });

  it("refuses what another secret signed, and what is no id at all", async () => {
    const foreign = await new GenerationIds("another").make(1, random);
    for (const id of [foreign, "", "gen_", "gen_zz", "../../etc"]) expect(await ids.check(id)).toBeNull();
  });
});
