/** Reads the environment once, wires the rooms, exports the app and the Durable Objects. */
import { triton } from "../adapters/triton.ts";
import kernelModule from "../kernels/edge/build/kernel.wasm";
import { loadKernel } from "../kernels/edge/index.ts";
import { makeAccounts } from "./accounts/index.ts";
import { Pepper } from "./accounts/pepper.ts";
import { makeApp } from "./api/app.ts";
import { LOOPBACK } from "./api/identify.ts";
import { seedPictures } from "./engine/seeds.ts";
import { GenerationObject } from "./generation/generation.ts";
import { GenerationIds } from "./generation/id.ts";
import { OutputLinks } from "./generation/link.ts";
import { Outputs } from "./generation/outputs.ts";
import { GenerationService } from "./generation/service.ts";
import { hasteOf } from "./generation/times.ts";
import { exportUsage } from "./metering/export/consume.ts";
import { type Delivery, deliver } from "./metering/export/deliveries.ts";
import type { Fetch } from "./metering/export/outbound.ts";
import { readSinks } from "./metering/export/sinks.ts";
import { Archive } from "./metering/ledger/archive.ts";
import type { LedgerEvent } from "./metering/ledger/events.ts";
import { LedgerObject } from "./metering/ledger/ledger.ts";
import { issueReceipt } from "./metering/receipt/issue.ts";
import { publicKeys } from "./metering/receipt/sign.ts";
import { Receipts } from "./metering/receipt/store.ts";
import { Webhooks } from "./metering/webhooks/webhooks.ts";

interface Env {
  readonly GENERATIONS: DurableObjectNamespace<Generation>;
  readonly LEDGERS: DurableObjectNamespace<Ledger>;
  readonly DB: D1Database;
  readonly OUTPUTS: R2Bucket;
  /** What must outlive every picture: usage files and sealed ledgers. */
  readonly RECORDS: R2Bucket;
  readonly USAGE: Queue<LedgerEvent>;
  readonly DELIVERIES: Queue<Delivery>;
  /** The billing services that usage is sent to, as JSON (docs/usage.md); absent: none. */
  readonly SINKS?: string;
  /** "1" when `npm start` or a test made this environment; in no committed config. */
  readonly VPG_LOCAL?: string;
  /** How many times faster waits of a minute and more pass; honoured where VPG_LOCAL is set, for tests. */
  readonly VPG_HASTE?: string;
  /** "off": no keys are asked for; honoured on one's own machine only. */
  readonly AUTH?: string;
  /** Signs generation ids; the key of links to outputs is derived from it. */
  readonly ID_SECRET: string;
  /** API keys are kept as their HMAC under it. */
  readonly KEY_PEPPER: string;
  /** Opens /v1/admin; absent: nobody is the operator. */
  readonly ADMIN_SECRET?: string;
  /** Signs receipts: a private Ed25519 key as a JWK. */
  readonly RECEIPT_KEY: string;
  /** The public origin that receipts name as their issuer. */
  readonly ORIGIN: string;
  /** Days that a generation's record, tokens and outputs are kept. */
  readonly KEEP_DAYS: string;
  /** How long a link to an output lasts. */
  readonly LINK_SECONDS: string;
  /** The endpoint that serves every model, and the numerics class it was started as. */
  readonly ENDPOINT_URL: string;
  readonly ENDPOINT_NUMERICS: string;
  /** Calls to it go through this where there is one: a client certificate, or a network that webhooks cannot reach. */
  readonly ENDPOINT?: Fetcher;
  /** "1" where it knows how to leave out what cannot be drawn (docs/gpu.md, "Candidates"). */
  readonly ENDPOINT_CANDIDATES?: string;
}

const DAY_MS = 24 * 60 * 60_000;
/** Both: a variable that only `npm start` passes, and an origin of one's own machine. */
const isLocal = (env: Env) => env.VPG_LOCAL === "1" && LOOPBACK.has(new URL(env.ORIGIN).hostname);
const keepMs = (env: Env) => Number(env.KEEP_DAYS) * DAY_MS;
/** The queue of wrangler.toml; the other one has the ledgers' events. */
const DELIVERIES = "vpg-edge-deliveries";
/** Of usage events; no deployment's name, which may change while an event is on its way: account ids are unique anyway. */
const USAGE_SOURCE = "urn:vpg-edge:ledger";
const fetchOut: Fetch = (url, init) => fetch(url, init);
const kernel = loadKernel(kernelModule);

export class Generation extends GenerationObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    const source = triton({
      name: "builtin",
      url: env.ENDPOINT_URL,
      region: null,
      numerics: env.ENDPOINT_NUMERICS,
      candidates: env.ENDPOINT_CANDIDATES === "1",
      ...(env.ENDPOINT && { binding: env.ENDPOINT }),
    });
    const issuing = { issuer: env.ORIGIN, secret: env.RECEIPT_KEY, receipts: new Receipts(env.OUTPUTS) };
    super(ctx, env, {
      source,
      kernel,
      outputs: env.OUTPUTS,
      haste: hasteOf(isLocal(env), env.VPG_HASTE),
      keepMs: keepMs(env),
      settle: async (end, record) => {
        const ledger = env.LEDGERS.getByName(end.account);
        const answer = await ledger.end(end);
        // What the ledger has settled stands, though the record may have changed since: somebody came.
        const settled = answer === "already" ? await ledger.ended(end.generation) : end;
        if (answer === "unknown" || !settled) {
          console.error(`${end.generation}: its ledger knows no such hold`);
          return null;
        }
        await issueReceipt(issuing, settled, record);
        return settled.reason;
      },
    });
  }
}

export class Ledger extends LedgerObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, {
      holdState: async (_account, id) => env.GENERATIONS.getByName(id).holdState(),
      attended: async (id) => env.GENERATIONS.getByName(id).isAttended(),
      publish: async (events) => {
        await env.USAGE.sendBatch(events.map((body) => ({ body })));
      },
      archive: new Archive(env.RECORDS),
      now: () => Date.now(),
      haste: hasteOf(isLocal(env), env.VPG_HASTE),
    });
  }
}

let app: ReturnType<typeof makeApp> | null = null;

export default {
  fetch(request, env, ctx) {
    const ledgers = (account: string) => env.LEDGERS.getByName(account);
    app ??= makeApp({
      generations: new GenerationService(env.GENERATIONS),
      ids: new GenerationIds(env.ID_SECRET),
      links: new OutputLinks(env.ID_SECRET, {
        lastsMs: Number(env.LINK_SECONDS) * 1000,
        keepMs: keepMs(env),
      }),
      outputs: (generation) => new Outputs(env.OUTPUTS, generation),
      ledgers,
      accounts: makeAccounts({
        db: env.DB,
        pepper: env.KEY_PEPPER,
        adminSecret: env.ADMIN_SECRET,
        configureKey: (change) => ledgers(change.account).configureKey(change),
        now: () => Date.now(),
      }),
      receipts: new Receipts(env.OUTPUTS),
      webhooks: webhooksOf(env),
      publicKeys: () => publicKeys(env.RECEIPT_KEY),
      seedPictures,
      randomSeed,
      local: env.VPG_LOCAL === "1",
      authOff: env.AUTH === "off",
    });
    return app.fetch(request, env, ctx);
  },
  async queue(batch, env) {
    const ports = { sinks: () => readSinks(env.SINKS), webhooks: webhooksOf(env) };
    if (batch.queue === DELIVERIES) {
      const secret = (name: string) => (env as unknown as Record<string, string | undefined>)[name];
      await deliver(batch as MessageBatch<Delivery>, { ...ports, secret, fetch: fetchOut });
    } else {
      const { RECORDS: files, DELIVERIES: deliveries } = env;
      await exportUsage(batch as MessageBatch<LedgerEvent>, {
        ...ports,
        files,
        source: USAGE_SOURCE,
        deliveries,
      });
    }
  },
} satisfies ExportedHandler<Env, LedgerEvent | Delivery>;

function webhooksOf(env: Env): Webhooks {
  const pepper = new Pepper(env.KEY_PEPPER);
  return new Webhooks({
    db: env.DB,
    hash: (text) => pepper.hash(text),
    fetch: fetchOut,
    ownHost: new URL(env.ORIGIN).hostname,
    now: () => Date.now(),
  });
}

/** 53 bits of the system's generator. */
function randomSeed(): number {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2));
  return low! + 2 ** 32 * (high! & 0x1fffff);
}
