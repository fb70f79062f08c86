/** What a step's wait is: the answer's own, whoever failed before it. */
import { expect, it } from "vitest";
import type { Trouble } from "../../test/routing/machine.ts";
import { world } from "../../test/routing/world.ts";

it.each<[string, Trouble]>([
  ["hung", { kind: "hang" }],
  ["answered garbage at the head", { kind: "corrupt", share: 1, where: "head" }],
  ["answered garbage in its last row", { kind: "corrupt", share: 1, where: "row" }],
])("counts nothing of the time that went to an endpoint that %s", async (_, trouble) => {
  const { make, machines } = world(["x", "x"]);
  const usual = await make({}, 0);
  for (let seed = 1; seed < 40; seed++) await make({}, seed);
  machines[0]!.becomes(trouble);
  const drawings = [];
  for (let seed = 40; seed < 60; seed++) drawings.push(await make({}, seed));
  const moved = drawings
    .flatMap(({ records }) => records)
    .find(({ routes }) => (routes[0]!.tried ?? []).length > 0);
  const lost = moved!.routes[0]!.tried!.reduce((sum, { ms }) => sum + ms, 0);
  expect(lost).toBeGreaterThan(0);
  // Its own call, with the prefix replayed, and nothing of what was lost.
  const most = Math.max(...usual.records.map(({ waitMs }) => waitMs));
  expect(moved!.waitMs).toBeLessThan(2 * most);
  expect(moved!.waitMs).toBeGreaterThan(0);
});
