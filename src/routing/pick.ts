/** Whom to ask next: the cache's holder, a probe, the better of two, and what remains when nobody is well. Pure. */
import type { RouteReason } from "../../adapters/contract.ts";
import type { BreakerPhase } from "./breaker.ts";
import { policy } from "./policy.ts";
import type { RestPhase } from "./rest.ts";
import { type Rating, scores } from "./score.ts";
import type { Preference } from "./terms.ts";

/** A candidate as it stands at this moment. */
export interface Standing<E> {
  readonly endpoint: E;
  readonly breaker: BreakerPhase;
  readonly rest: RestPhase;
  /** When its rest is over; means nothing while it is awake. */
  readonly restUntil: number;
  readonly drained: boolean;
  readonly hasRoom: boolean;
  readonly pressure: number;
  readonly rating: Rating;
  /** Milliseconds a picture that it would take without other calls and with the prefix in its cache. */
  readonly warmMs: number;
  /** Of the call. */
  readonly pictures: number;
  /** It has failed this call, and may be asked again then; Infinity: never; null: it has not. */
  readonly againAt: number | null;
}

export type Choice<E> =
  | { readonly kind: "ask"; readonly endpoint: E; readonly reason: RouteReason }
  /** Everybody who could is busy: wait for a turn there. */
  | { readonly kind: "queue"; readonly endpoint: E; readonly reason: RouteReason }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "none" };

export interface Circumstances<E> {
  /** Who holds the cache, if anybody. */
  readonly sticky: E | null;
  /** Whether the call has failed somewhere already: it is not risked on a probe then. */
  readonly isRetry: boolean;
  /** Whether nobody else could serve the call at all. */
  readonly isOnly: boolean;
  readonly route: Preference;
  readonly now: number;
  /** 0 <= x < 1 at each call. */
  readonly random: () => number;
}

/** In use, awake, and not one that has failed this call: could be asked with good hope, if drained then as the last. */
function isWell({ breaker, rest, againAt }: Standing<unknown>): boolean {
  return breaker === "closed" && rest === "awake" && againAt === null;
}

/** @returns milliseconds until one of them is well: who rests will be, who is out of use may not; null: nobody will */
export function hopeIn(standings: readonly Standing<unknown>[], now: number): number | null {
  const waits = standings
    .filter((one) => isWell({ ...one, rest: "awake" }))
    .map(({ rest, restUntil }) => (rest === "awake" ? 0 : Math.max(0, restUntil - now)));
  return waits.length > 0 ? Math.min(...waits) : null;
}

/** Well, and not drained. */
export function isAdmitted(standing: Standing<unknown>): boolean {
  return isWell(standing) && !standing.drained;
}

export function choose<E>(standings: readonly Standing<E>[], circumstances: Circumstances<E>): Choice<E> {
  const { sticky, isRetry, isOnly, now } = circumstances;
  const admitted = standings.filter(isAdmitted);
  const holder = admitted.find(({ endpoint }) => endpoint === sticky);
  const staying = holder && isWorthStaying(holder, admitted) ? holder : undefined;
  if (staying?.hasRoom) return { kind: "ask", endpoint: staying.endpoint, reason: "sticky" };

  const fresh = standings.filter(({ againAt, drained }) => againAt === null && !drained);
  const returning = fresh.find((one) => one.hasRoom && isReturning(one));
  const probe = returning && ({ kind: "ask", endpoint: returning.endpoint, reason: "probe" } as const);
  if (probe && !isRetry && !staying) return probe;

  const ask = (from: readonly Standing<E>[], reason: RouteReason): Choice<E> | null => {
    const withRoom = from.filter(({ hasRoom }) => hasRoom);
    if (withRoom.length > 0) return { kind: "ask", endpoint: betterOfTwo(withRoom, circumstances), reason };
    if (from.length === 0) return null;
    return { kind: "queue", endpoint: betterOfTwo(from, circumstances), reason };
  };
  const reason = isOnly ? "only" : "choice";
  const open = fresh.filter(({ breaker, rest }) => breaker !== "closed" && rest === "awake");
  const drained = standings.filter((one) => one.drained && isWell(one));
  if (admitted.length > 0) {
    // Too many are out of use: what the others have no room for may as well be tried there.
    const isPanic = open.length > policy.ejected * standings.length;
    if (isPanic && !admitted.some(({ hasRoom }) => hasRoom)) {
      const withRoom = (all: readonly Standing<E>[]) => all.filter(({ hasRoom }) => hasRoom);
      const spare = ask(withRoom(drained), reason) ?? ask(withRoom(open), "panic");
      if (spare) return spare;
    }
    if (staying && !admitted.some(({ hasRoom }) => hasRoom))
      return { kind: "queue", endpoint: staying.endpoint, reason: "sticky" };
    return ask(admitted, reason)!;
  }
  // What has failed once already is risked on a probe only when nobody is well.
  return ask(drained, reason) ?? probe ?? ask(open, "panic") ?? later(standings, isOnly, now);
}

/** Nobody is left but those who rest or have failed this very call: the one that may be asked soonest. */
function later<E>(standings: readonly Standing<E>[], isOnly: boolean, now: number): Choice<E> {
  const moments = standings
    .map((one) => ({ one, at: Math.max(one.againAt ?? 0, one.rest === "awake" ? 0 : one.restUntil) }))
    .filter(({ at }) => at < Number.POSITIVE_INFINITY);
  if (moments.length === 0) return { kind: "none" };
  const due = moments.filter(({ one, at }) => at <= now && one.rest !== "resting");
  if (due.length > 0) {
    const { one } = due.reduce((first, next) => (next.at < first.at ? next : first));
    const reason = isReturning(one) ? "probe" : isOnly ? "only" : "panic";
    return { kind: one.hasRoom ? "ask" : "queue", endpoint: one.endpoint, reason };
  }
  return { kind: "wait", until: Math.min(...moments.map(({ at }) => (at > now ? at : now + policy.tickMs))) };
}

/** Its time out of use is over, and nobody has tried it yet. */
function isReturning({ breaker, rest }: Standing<unknown>): boolean {
  if (breaker === "half-open") return rest !== "resting";
  return breaker === "closed" && rest === "knockable";
}

function isWorthStaying<E>(holder: Standing<E>, admitted: readonly Standing<E>[]): boolean {
  const best = Math.min(...admitted.map(({ warmMs }) => warmMs));
  const { pressure, slower } = policy.sticky;
  return holder.pressure <= pressure && holder.warmMs <= slower * best;
}

/** Two drawn at random, the better taken: always the best of all would send every isolate to the same one. */
function betterOfTwo<E>(all: readonly Standing<E>[], { route, random }: Circumstances<E>): E {
  const scored = scores(
    all.map(({ rating }) => rating),
    route,
  );
  const rated = all.map((one, i) => ({ one, score: scored[i]! }));
  const finite = rated.filter(({ score }) => Number.isFinite(score));
  const possible = finite.length > 0 ? finite : rated;
  const first = Math.floor(random() * possible.length);
  if (possible.length === 1) return possible[first]!.one.endpoint;
  const second = (first + 1 + Math.floor(random() * (possible.length - 1))) % possible.length;
  const [a, b] = [possible[first]!, possible[second]!];
  return (b.score * policy.alike < a.score ? b : a).one.endpoint;
}
