/** The bindings that vitest.config.ts gives the Worker under test. */
declare namespace Cloudflare {
  interface Env {
    ENDPOINT_URL: string;
    GENERATIONS: DurableObjectNamespace<import("../../src/worker.ts").Generation>;
  }
  interface GlobalProps {
    mainModule: typeof import("../../src/worker.ts");
  }
}
