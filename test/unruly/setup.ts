/** Starts the real built-in endpoint and the unruly proxy before it, for the tests in workerd. */
import type { TestProject } from "vitest/node";
import { startEndpoint } from "../../kernels/local/server.ts";
import { startUnruly } from "./proxy.ts";

declare module "vitest" {
  export interface ProvidedContext {
    unruly: { url: string; numerics: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const endpoint = await startEndpoint({ port: 0 });
  const proxy = await startUnruly(endpoint.url);
  project.provide("unruly", { url: proxy.url, numerics: endpoint.numerics });
  return async () => {
    proxy.close();
    await endpoint.close();
  };
}
