/** What the routes are given, and what a request carries through them. */
import type { Caller } from "../accounts/caller.ts";
import type { Accounts } from "../accounts/index.ts";
import type { GenerationIds } from "../generation/id.ts";
import type { OutputLinks } from "../generation/link.ts";
import type { Outputs } from "../generation/outputs.ts";
import type { GenerationService } from "../generation/service.ts";
import type { LedgerObject } from "../metering/ledger/ledger.ts";
import type { PublicKeys } from "../metering/receipt/sign.ts";
import type { Receipts } from "../metering/receipt/store.ts";
import type { Webhooks } from "../metering/webhooks/webhooks.ts";
import type { SeedPictures } from "../plan/plan.ts";
import type { Fleet } from "../routing/fleet.ts";
import type { Gossip } from "../routing/gossip.ts";

export interface Deps {
  readonly generations: GenerationService<unknown>;
  readonly ids: GenerationIds;
  readonly links: OutputLinks;
  /** A generation's outputs. */
  readonly outputs: (generation: string) => Outputs;
  /** An account's ledger; a stub is broken once its object has died, so each call takes a new one. */
  readonly ledgers: (account: string) => DurableObjectStub<LedgerObject<unknown>>;
  readonly accounts: Accounts;
  readonly receipts: Receipts;
  readonly webhooks: Webhooks;
  /** The keys that receipts can be checked with. */
  readonly publicKeys: () => Promise<PublicKeys>;
  /** The endpoints that serve the models. */
  readonly fleet: Fleet;
  /** What all isolates have seen of them. */
  readonly board: Pick<Gossip, "exchange">;
  readonly seedPictures: SeedPictures;
  /** An integer 0 .. 2^53 - 1 that nobody can foresee. */
  readonly randomSeed: () => number;
  /** Whether `npm start` made this environment. */
  readonly local: boolean;
  /** `AUTH=off`: honoured on one's own machine only. */
  readonly authOff: boolean;
}

export interface ApiEnv {
  Variables: {
    requestId: string;
    /** `performance.now()` when the request came. */
    began: number;
    /** What it took to know who calls, in milliseconds. */
    authMs: number;
    caller: Caller;
    /** The generation that the request started, for its log line. */
    generation: string;
  };
}
