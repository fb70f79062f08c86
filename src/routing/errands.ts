/** A step and a decoding as errands: who could serve them, what kind of call they are there, how they are asked. */
import type { DecodeAnswer, DecodeRequest, StepAnswer, StepRequest } from "../../adapters/contract.ts";
import { decodeBucket, stepBucket } from "./bucket.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Errand } from "./errand.ts";
import { deviceMsOf } from "./expected.ts";
import { decodeClass, type Need, whyNot } from "./filter.ts";
import type { Hub } from "./hub.ts";
import { policy } from "./policy.ts";
import type { Run } from "./run.ts";
import { costOf } from "./score.ts";

export function stepErrand(hub: Hub, run: Run, request: StepRequest): Errand<StepAnswer> {
  const { id, model, revision, schedule, deadlineMs, step, pictures } = request;
  const prefixKeys = pictures.map(({ prefixKey }) => prefixKey);
  const holder = run.holderOf(prefixKeys[0]!);
  const [warm, cold] = [stepBucket(request, true), stepBucket(request, false)];
  const keyAt = (endpoint: Endpoint) => (endpoint === holder ? warm : cold).key;
  return {
    ...{ model, deadlineMs, holder, generation: generationOf(id), warm, cold },
    candidates: () => {
      const { numerics } = run;
      const need: Need = { what: "step", model, revision, schedule, region: run.terms.region, numerics };
      const could = serving(hub, need);
      return could.filter((endpoint) => !isTooDear(hub, run, step, endpoint, keyAt(endpoint)));
    },
    asking: (endpoint) => {
      venture(hub, run, endpoint, keyAt(endpoint));
      return run.stepAsked(endpoint);
    },
    ask: ({ offer }, ms, signal) => offer.source.step({ ...request, deadlineMs: ms }, signal),
    movedOn: (from, fault, to) =>
      run.terms.onFailover?.({ step, prefixKeys, ...moved(from, to), fault: fault.fault.kind }),
  };
}

export function decodeErrand(hub: Hub, run: Run, request: DecodeRequest): Errand<DecodeAnswer> {
  const { id, model, schedule, deadlineMs } = request;
  const { region } = run.terms;
  const need = { what: "decode", model, revision: null, schedule, region } as const;
  const bucket = decodeBucket(request);
  return {
    ...{ model, deadlineMs, holder: null, generation: generationOf(id), warm: bucket, cold: bucket },
    candidates: () => {
      const decoders = serving(hub, { ...need, numerics: { kind: "any" } });
      const exact = decoders.filter(({ offer }) => offer.numerics.exact);
      const all = run.terms.numerics.kind === "exact" && exact.length > 0 ? exact : decoders;
      const name = decodeClass(
        all.map(({ offer }) => offer),
        ownClass(run),
      );
      const isStrict = run.terms.numerics.kind !== "any";
      return isStrict ? all.filter((endpoint) => endpoint.class === name) : all;
    },
    asking: () => () => undefined,
    ask: ({ offer }, ms, signal) => offer.source.decode({ ...request, deadlineMs: ms }, signal),
    movedOn: (from, fault, to) =>
      run.terms.onFailover?.({ step: null, prefixKeys: [], ...moved(from, to), fault: fault.fault.kind }),
  };
}

function serving(hub: Hub, need: Need): Endpoint[] {
  return hub.endpointsOf(need.model).filter(({ offer }) => whyNot(offer, need) === null);
}

function ownClass({ home, terms: { numerics } }: Run): string | null {
  return numerics.kind === "class" ? numerics.name : home;
}

/** Whether the call would cost more than it earns, by what such calls have cost there lately, and another is seeing now. */
function isTooDear(hub: Hub, run: Run, step: number, endpoint: Endpoint, key: string): boolean {
  const { creditValue } = hub.settings;
  const earned = run.terms.earnings?.[step];
  if (creditValue === null || earned === undefined) return false;
  const known = endpoint.expected.get(key);
  if (known === undefined) return false;
  const now = hub.ports.now();
  // Sent to see: whoever comes after waits for what it shows.
  const isVentured = now - (endpoint.ventured.get(key) ?? Number.NEGATIVE_INFINITY) < policy.dear.staleMs;
  const deviceMs = deviceMsOf(known, isVentured ? Math.min(now, known.workedAt) : now);
  if (deviceMs === null) return false;
  return costOf(endpoint.provider.price, { ms: 0, deviceMs, bytes: known.bytes }, 1) > earned * creditValue;
}

/** Notes that a call goes out of whose kind nothing fresh is known. */
function venture(hub: Hub, run: Run, endpoint: Endpoint, key: string): void {
  if (hub.settings.creditValue === null || run.terms.earnings === undefined) return;
  const now = hub.ports.now();
  const known = endpoint.expected.get(key);
  if (known && deviceMsOf(known, now) === null) endpoint.ventured.set(key, now);
}

function moved(from: Endpoint, to: Endpoint) {
  return {
    from: from.offer.provider,
    to: to.offer.provider,
    fromClass: from.class,
    toClass: to.class,
  };
}

/** A request's id is its generation's and what is asked for (engine/request.ts). */
const generationOf = (id: string) => id.slice(0, id.lastIndexOf("-"));
