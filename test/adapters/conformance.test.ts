/** Every adapter passes the conformance suite against a front end of its kind that checks who asks by itself. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { localKinds, localLab } from "./conformance/local.ts";
import { checks } from "./conformance.ts";

describe.each(localKinds)("the adapter for %s", (kind) => {
  let started: Awaited<ReturnType<typeof localLab>>;
  beforeAll(async () => {
    started = await localLab(kind);
  });
  afterAll(async () => {
    await started.close();
  });

  test.for(checks.map((check) => [check.name, check] as const))("%s", async ([, check], { skip }) => {
    const reason = check.unless(started.lab);
    if (reason !== null) skip(reason);
    await check.run(started.lab);
  });
});
