/** Reads the environment once, wires the rooms, exports the app and the Durable Objects. */
import { env as startEnv } from "cloudflare:workers";
import { loadProviders } from "../adapters/providers/load.ts";
import { ConfigError } from "../adapters/providers/parse.ts";
import kernelModule from "../kernels/edge/build/kernel.wasm";
import { loadKernel } from "../kernels/edge/index.ts";
import { makeAccounts } from "./accounts/index.ts";
import { Pepper } from "./accounts/pepper.ts";
import { makeApp } from "./api/app.ts";
import { LOOPBACK } from "./api/identify.ts";
import { catalogue } from "./catalogue/index.ts";
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
import { BoardObject } from "./routing/board.ts";
import { Fleet } from "./routing/fleet.ts";
import { Gossip } from "./routing/gossip.ts";

interface Env {
  readonly GENERATIONS: DurableObjectNamespace<Generation>;
  readonly LEDGERS: DurableObjectNamespace<Ledger>;
  readonly BOARD: DurableObjectNamespace<Board>;
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
  /**
   * Who serves the models, as JSON (docs/providers.md); goes on in PROVIDERS_2, PROVIDERS_3, … where one variable is
   * too small for it.
   */
  readonly PROVIDERS: string;
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
/** A variable, secret or binding by its name. */
const named = (env: object, name: string): unknown => (env as Record<string, unknown>)[name];
/** Made while the script starts: a config that cannot be used is a deployment that fails, not a request that does. */
const fleet = fleetOf(startEnv);
const gossip = new Gossip(fleet, {
  exchange: (learnt, counted) =>
    (startEnv as unknown as Env).BOARD.getByName("board").exchange(learnt, counted),
  now: () => Date.now(),
  sleep,
  log: (line) => console.warn(line),
});
const kernel = loadKernel(kernelModule);

export class Generation extends GenerationObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    const issuing = { issuer: env.ORIGIN, secret: env.RECEIPT_KEY, receipts: new Receipts(env.OUTPUTS) };
    super(ctx, env, {
      sourceFor: (terms) => gossip.informed(fleet.sourceFor(terms)),
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

export class Board extends BoardObject<Env> {}

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
      fleet,
      board: gossip,
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
      const secret = (name: string) => named(env, name) as string | undefined;
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

/** @throws ConfigError that names every field that is wrong. */
function fleetOf(env: object): Fleet {
  const parts: string[] = [];
  for (let i = 1; ; i++) {
    const part = named(env, i === 1 ? "PROVIDERS" : `PROVIDERS_${i}`);
    if (typeof part !== "string") break;
    parts.push(part);
  }
  const surroundings = { secrets: (name: string) => named(env, name) };
  const { offers, routing } = loadProviders(jsonOf(parts.join("")), catalogue, surroundings, console.warn);
  const { hedging, creditValue = null } = routing;
  return new Fleet(
    offers,
    {
      now: () => Date.now(),
      random: () => Math.random(),
      sleep,
      share: () => void gossip.exchange(),
      log: (line) => console.warn(line),
    },
    { hedging, creditValue },
  );
}

/** Ends as soon as the signal fires, too. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
  });
}

/** @throws ConfigError where it is none; its text is not repeated. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError([text === "" ? "PROVIDERS: not set (docs/providers.md)" : "PROVIDERS: not JSON"]);
  }
}

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
