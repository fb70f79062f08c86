/** Many endpoints as one StepSource for each generation: whoever holds it cannot tell them from one. */
import type { DecodeAnswer, Route, StepAnswer, StepRequest, StepSource } from "../../adapters/contract.ts";
import type { Offer } from "../../adapters/providers/load.ts";
import { stepBucket } from "./bucket.ts";
import type { Tally } from "./counted.ts";
import { decodeErrand, stepErrand } from "./errands.ts";
import { type Explanation, explained } from "./explain.ts";
import { Hub } from "./hub.ts";
import { type Asked, Quest } from "./quest.ts";
import { Run } from "./run.ts";
import type { SharedFleet } from "./shared.ts";
import { adopt, snapshotOf } from "./sharing.ts";
import type { FleetPorts, RoutingSettings, RoutingTerms } from "./terms.ts";

/** Terms that rule nobody out. */
const anyTerms: RoutingTerms = {
  route: "balanced",
  region: null,
  numerics: { kind: "any" },
  homeClass: null,
};

/** The hot state of an isolate: one for all its generations. */
export class Fleet {
  readonly offers: readonly Offer[];
  readonly #hub: Hub;
  #runs = 0;

  /**
   * @param offers who offers what, as `loadProviders` gives it
   * @param ports clock, chance, sleep, and who is told of changes
   * @param settings the operator's
   */
  constructor(offers: readonly Offer[], ports: FleetPorts, settings: RoutingSettings) {
    this.offers = offers;
    this.#hub = new Hub(offers, ports, settings);
  }

  /**
   * @param terms what one generation asks of the fleet
   * @returns the source of one run of it; its answers say where they came from, why, and who failed before
   */
  sourceFor(terms: RoutingTerms): StepSource {
    const run = new Run(this.#runs++, terms);
    return {
      step: async (request, signal) => {
        const quest = new Quest(this.#hub, run, stepErrand(this.#hub, run, request), signal);
        return delivered(quest, await quest.next(), { run, request, signal });
      },
      decode: async (request, signal) => {
        const quest = new Quest(this.#hub, run, decodeErrand(this.#hub, run, request), signal);
        return decoded(quest, await quest.next());
      },
    };
  }

  /**
   * @param model its id
   * @param terms whom to rule out; nobody unless given
   * @returns who could serve it and who could not, with states, scores and counters
   */
  explain(model: string, terms: RoutingTerms = anyTerms): Explanation {
    return explained(this.#hub, model, terms);
  }

  /** @returns by endpoint what has become of its calls since the isolate began */
  counted(): Tally {
    return Object.fromEntries(
      this.#hub.endpoints.map(({ key, counters }) => [key, structuredClone(counters) as unknown as Tally]),
    );
  }

  /** @returns breakers, rests, expected times, drains and prices, as plain JSON to be merged elsewhere */
  snapshot(): SharedFleet {
    return snapshotOf(this.#hub);
  }

  /** Takes over what is newer than what is known here. */
  merge(shared: SharedFleet): void {
    adopt(this.#hub, shared);
  }

  /**
   * A drained provider gets no call that anybody else can serve; those under way end.
   *
   * @param provider its name
   * @returns whether there is one of that name
   */
  setDrain(provider: string, drained: boolean): boolean {
    return this.#set(provider, { drain: { drained, at: this.#hub.ports.now() } });
  }

  /**
   * @param provider its name
   * @param price in place of its config's, until that changes; null: its config's again
   * @returns whether there is one of that name
   */
  setPrice(provider: string, price: Offer["price"] | null): boolean {
    const base = this.#hub.providers.get(provider)?.configured;
    return base !== undefined && this.#set(provider, { price: { price, base, at: this.#hub.ports.now() } });
  }

  #set(provider: string, change: SharedFleet["providers"][string]): boolean {
    if (!this.#hub.providers.has(provider)) return false;
    const shared = { endpoints: {}, providers: { [provider]: change } };
    adopt(this.#hub, shared);
    this.#hub.ports.share?.();
    return true;
  }
}

interface StepContext {
  readonly run: Run;
  readonly request: StepRequest;
  readonly signal: AbortSignal;
}

/** An answer whose end, good or bad, is seen here, and which can be had elsewhere. */
function delivered(
  quest: Quest<StepAnswer>,
  { attempt, answer }: Asked<StepAnswer>,
  context: StepContext,
): StepAnswer {
  const { run, request, signal } = context;
  const { stats, candidates = [] } = answer;
  const others = candidates.reduce(
    (sum, { counts, masses, tokens }) => sum + counts.byteLength + masses.byteLength + tokens.byteLength,
    0,
  );
  return {
    ...answer,
    route: routed(quest, attempt, answer.route),
    logits: attempt.watch(answer.logits, signal, (bytes) => {
      const deviceMs = stats.reduce((sum, one) => sum + one.deviceMs, 0);
      const isWarm = stats.every(({ cache }) => cache === "hit");
      attempt.succeed({ deviceMs, bytes: bytes + others }, stepBucket(request, isWarm));
      run.holds(
        attempt.endpoint,
        request.pictures.map(({ prefixKey }) => prefixKey),
      );
    }),
    elsewhere: async (fault) => {
      quest.failed(attempt, fault);
      return delivered(quest, await quest.next(), context);
    },
  };
}

function decoded(quest: Quest<DecodeAnswer>, { attempt, answer }: Asked<DecodeAnswer>): DecodeAnswer {
  const bytes = answer.media.reduce((sum, file) => sum + file.byteLength, 0);
  // Nothing says how much of it was the device's time: at most all.
  attempt.succeed({ deviceMs: attempt.ms, bytes });
  return { ...answer, route: routed(quest, attempt, answer.route) };
}

function routed(quest: Quest<unknown>, { reason, endpoint }: Asked<unknown>["attempt"], route: Route): Route {
  const { tried } = quest;
  const { kind: provider } = endpoint.offer;
  return { ...route, provider, reason, ...(tried.length > 0 && { tried }) };
}
