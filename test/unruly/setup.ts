/** Starts the real built-in endpoint and the unruly proxy before it, and clouds' front ends, for the tests in workerd. */
import type { TestProject } from "vitest/node";
import { startEndpoint } from "../../kernels/local/server.ts";
import type { LocalEndpoint } from "../../scripts/built-in.ts";
import { localLab } from "../adapters/conformance/local.ts";
import type { Front } from "./fronts.ts";
import { startUnruly } from "./proxy.ts";

declare module "vitest" {
  export interface ProvidedContext {
    unruly: LocalEndpoint;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const endpoint = await startEndpoint({ port: 0 });
  const proxy = await startUnruly(endpoint.url);
  project.provide("unruly", { url: proxy.url, models: endpoint.models });
  const kinds = ["azure", "vertex-shared", "vertex-dedicated", "sagemaker", "sagemaker-stream"];
  const labs = await Promise.all(kinds.map((kind) => localLab(kind)));
  project.provide(
    "fronts",
    labs.map(({ lab, values }): Front => ({ provider: lab.provider, values })),
  );
  return async () => {
    await Promise.all(labs.map((lab) => lab.close()));
    proxy.close();
    await endpoint.close();
  };
}
