/** A step and a decoding as errands: who could serve them, what kind of call they are there, how they are asked. */
import type { DecodeAnswer, DecodeRequest, StepAnswer, StepRequest } from "../../adapters/contract.ts";
import { decodeBucket, stepBucket } from "./bucket.ts";
import { type Endpoint, expectedAt } from "./endpoint.ts";
import { decodeClass, type Need, whyNot } from "./filter.ts";
import type { Hub } from "./hub.ts";
import type { Errand } from "./quest.ts";
import type { Run } from "./run.ts";
import { costOf } from "./score.ts";
import type { Numerics } from "./terms.ts";

export function stepErrand(hub: Hub, run: Run, request: StepRequest): Errand<StepAnswer> {
  const { model, revision, schedule, deadlineMs, step, pictures } = request;
  const prefixKeys = pictures.map(({ prefixKey }) => prefixKey);
  const holder = run.holderOf(prefixKeys[0]!);
  return {
    ...{ model, deadlineMs, holder, claim: prefixKeys[0]! },
    candidates: () => {
      const { numerics } = run;
      const need: Need = { what: "step", model, revision, schedule, region: run.terms.region, numerics };
      const could = serving(hub, need);
      return could.filter((endpoint) => !isTooDear(hub, run, request, endpoint, endpoint === holder));
    },
    bucketAt: (_, isWarm) => stepBucket(request, isWarm),
    asking: (endpoint) => run.stepAsked(endpoint),
    ask: ({ offer }, ms, signal) => offer.source.step({ ...request, deadlineMs: ms }, signal),
    movedOn: (from, fault, to) =>
      run.terms.onFailover?.({ step, prefixKeys, ...moved(from, to), fault: fault.fault.kind }),
  };
}

export function decodeErrand(hub: Hub, run: Run, request: DecodeRequest): Errand<DecodeAnswer> {
  const { model, schedule, deadlineMs } = request;
  const { region } = run.terms;
  const need = { what: "decode", model, revision: null, schedule, region } as const;
  return {
    ...{ model, deadlineMs, holder: null, claim: null },
    candidates: () => {
      const all = serving(hub, { ...need, numerics: { kind: "any" } });
      const name = decodeClass(
        all.map(({ offer }) => offer),
        ownClass(run),
      );
      const isStrict = run.terms.numerics.kind !== "any";
      return isStrict ? all.filter((endpoint) => endpoint.class === name) : all;
    },
    bucketAt: () => decodeBucket(request),
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
  return classNamed(numerics) ?? home;
}

function classNamed(numerics: Numerics): string | null {
  return numerics.kind === "class" ? numerics.name : null;
}

/** Whether the call would cost more than it earns; what it costs is not known before something like it has been seen. */
function isTooDear(hub: Hub, run: Run, request: StepRequest, endpoint: Endpoint, isWarm: boolean): boolean {
  const { creditValue } = hub.settings;
  const earned = run.terms.earnings?.[request.step];
  if (creditValue === null || earned === undefined) return false;
  const bucket = stepBucket(request, isWarm);
  const expected = expectedAt(endpoint, bucket, hub.endpointsOf(request.model), hub.ports.now());
  if (expected === null) return false;
  const { length } = request.pictures;
  return costOf(endpoint.provider.price, expected, length) > earned * length * creditValue;
}

function moved(from: Endpoint, to: Endpoint) {
  return {
    from: from.offer.provider,
    to: to.offer.provider,
    fromClass: from.class,
    toClass: to.class,
  };
}
