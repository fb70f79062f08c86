import { expect, it, vi } from "vitest";
import { Audience } from "./audience.ts";

it("keeps who came back under a name when the stream that broke is noticed late", async () => {
  const deserted = vi.fn();
  const audience = new Audience(deserted);
  const broken = audience.join("client", [], async () => null);
  const back = audience.join("client", [], async () => null);
  await broken.stream.cancel();
  expect(audience.isEmpty).toBe(false);
  expect(deserted).not.toHaveBeenCalled();
  await back.stream.cancel();
  expect(audience.isEmpty).toBe(true);
  expect(deserted).toHaveBeenCalledOnce();
});
