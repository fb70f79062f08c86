import { describe, expect, it } from "vitest";
import { OutputLinks, type Target } from "./link.ts";

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const lasting = { lastsMs: HOUR, keepMs: 30 * 24 * HOUR };
const links = new OutputLinks("a secret", lasting);
const of = { id: "gen_00", createdMs: NOW, finishedMs: null };

/** A link's parts, as a route would read them. */
function partsOf(link: string): [id: string, file: string, expires: string, signature: string] {
  const { pathname, searchParams } = new URL(link, "https://example.com");
  const [, , id, file] = pathname.split("/");
  return [id!, file!, searchParams.get("expires")!, searchParams.get("signature")!];
}

describe("a link to an output", () => {
  it("leads to its file for as long as it lasts, then is expired", async () => {
    const link = await links.make(of, 3, "png", NOW);
    expect(link).toMatch(/^\/outputs\/gen_00\/3\.png\?expires=\d+&signature=[0-9a-f]{64}$/);
    const target: Target = { imageIndex: 3, format: "png", expiresMs: NOW + HOUR };
    expect(await links.check(...partsOf(link), NOW)).toEqual(target);
    expect(await links.check(...partsOf(link), NOW + HOUR - 1)).toEqual(target);
    expect(await links.check(...partsOf(link), NOW + HOUR)).toBe("expired");
  });

  it("ends with the outputs, when those go sooner", async () => {
    const late = { ...of, finishedMs: NOW - lasting.keepMs + 60_500 };
    const link = await links.make(late, 0, "webp", NOW);
    expect(await links.check(...partsOf(link), NOW)).toMatchObject({ expiresMs: NOW + 60_000 });
  });

  it("is good for nothing else: another id, file, time or signature, and an expired one says no more", async () => {
    const [id, file, expires, signature] = partsOf(await links.make(of, 0, "jpeg", NOW));
    const wrong: ReturnType<typeof partsOf>[] = [
      ["gen_01", file, expires, signature],
      [id, "1.jpeg", expires, signature],
      [id, "0.png", expires, signature],
      [id, file, `${Number(expires) + 1}`, signature],
      [id, file, `0${expires}`, signature],
      [id, file, `${Number(expires) - 7200}`, signature],
      [id, file, expires, signature.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))],
      [id, file, expires, signature.toUpperCase()],
      [id, file, expires, ""],
      [id, file, expires, signature.slice(2)],
    ];
    for (const parts of wrong) expect(await links.check(...parts, NOW)).toBe("unknown");
  });

  it("is another deployment's under another secret", async () => {
    const link = await new OutputLinks("another secret", lasting).make(of, 0, "mp4", NOW);
    expect(await links.check(...partsOf(link), NOW)).toBe("unknown");
  });
});

it("there are none without a secret: anybody could sign them", async () => {
  for (const secret of ["", undefined as unknown as string]) {
    const links = new OutputLinks(secret, { lastsMs: 3_600_000, keepMs: 86_400_000 });
    const made = links.make({ id: "gen_1", createdMs: 0, finishedMs: 0 }, 0, "png", 0);
    await expect(made).rejects.toThrow("ID_SECRET");
    await expect(links.check("gen_1", "0.png", "1", "0".repeat(64), 0)).rejects.toThrow("ID_SECRET");
  }
});
