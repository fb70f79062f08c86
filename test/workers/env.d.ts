/** The bindings that vitest.config.ts gives the Worker under test. */
declare namespace Cloudflare {
  interface Env {
    ENDPOINT_URL: string;
  }
  interface GlobalProps {
    mainModule: typeof import("../../src/worker.ts");
  }
}
