import { expect, it } from "vitest";
import { OutputLinks } from "./link.ts";

const lasting = { lastsMs: 3_600_000, keepMs: 86_400_000 };
const linked = { id: "gen_1", createdMs: 0, finishedMs: 0 };

it("there are no links without a secret: anybody could sign them", async () => {
  for (const secret of ["", undefined as unknown as string]) {
    await expect(new OutputLinks(secret, lasting).make(linked, 0, "png", 0)).rejects.toThrow("ID_SECRET");
    const checked = new OutputLinks(secret, lasting).check("gen_1", "0.png", "1", "0".repeat(64), 0);
    await expect(checked).rejects.toThrow("ID_SECRET");
  }
});
