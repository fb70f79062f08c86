/** The bindings that vitest.config.ts gives the Worker under test. */
declare namespace Cloudflare {
  interface Env {
    ADMIN_SECRET: string;
    BOARD: DurableObjectNamespace<import("../../src/worker.ts").Board>;
    DB: D1Database;
    /** The unruly proxy before the built-in endpoint. */
    UNRULY_URL: string;
    LEDGERS: DurableObjectNamespace<import("../../src/worker.ts").Ledger>;
    MIGRATIONS: import("cloudflare:test").D1Migration[];
    OUTPUTS: R2Bucket;
    RECORDS: R2Bucket;
    DELIVERIES: Queue<import("../../src/metering/export/deliveries.ts").Delivery>;
    USAGE: Queue<import("../../src/metering/ledger/events.ts").LedgerEvent>;
    RECEIPT_KEY: string;
    GENERATIONS: DurableObjectNamespace<import("../../src/worker.ts").Generation>;
  }
  interface GlobalProps {
    mainModule: typeof import("../../src/worker.ts");
  }
}
