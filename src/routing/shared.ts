/** What isolates tell each other of their endpoints: plain JSON, every leaf with its time, merged by the newest. Pure. */
import type { Offer } from "../../adapters/providers/load.ts";
import type { Expected } from "./expected.ts";
import type { Slowness } from "./slowness.ts";

interface Stamped {
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface SharedBreaker extends Stamped {
  readonly open: boolean;
  readonly until: number;
  readonly openings: number;
}

export interface SharedRest extends Stamped {
  readonly until: number;
  readonly times: number;
}

export interface SharedEndpoint {
  readonly breaker?: SharedBreaker;
  readonly rest?: SharedRest;
  readonly slowness?: Slowness;
  /** By bucket (bucket.ts). */
  readonly expected?: Readonly<Record<string, Expected>>;
}

export interface SharedPrice extends Stamped {
  /** null: the config's again. */
  readonly price: Offer["price"] | null;
  /** The config's when that was said: under another it is worth nothing. */
  readonly base: Offer["price"];
}

export interface SharedProvider {
  readonly drain?: Stamped & { readonly drained: boolean };
  readonly price?: SharedPrice;
}

export interface SharedFleet {
  /** By `provider/model`. */
  readonly endpoints: Readonly<Record<string, SharedEndpoint>>;
  readonly providers: Readonly<Record<string, SharedProvider>>;
}

/** Knows nothing; merged with anything it changes nothing. */
export const nothingShared: SharedFleet = { endpoints: {}, providers: {} };

/** @returns of each leaf the newer one: in whatever order, and however often, states are merged, the same comes out */
export function mergeShared(one: SharedFleet, other: SharedFleet): SharedFleet {
  return {
    endpoints: joined(one.endpoints, other.endpoints, mergeEndpoint),
    providers: joined(one.providers, other.providers, (a, b) => ({
      ...leaf("drain", newer(a.drain, b.drain)),
      ...leaf("price", newer(a.price, b.price)),
    })),
  };
}

function mergeEndpoint(a: SharedEndpoint, b: SharedEndpoint): SharedEndpoint {
  const expected =
    a.expected && b.expected
      ? joined(a.expected, b.expected, (one, other) => newer(one, other)!)
      : (a.expected ?? b.expected);
  return {
    ...leaf("breaker", newer(a.breaker, b.breaker)),
    ...leaf("rest", newer(a.rest, b.rest)),
    ...leaf("slowness", newer(a.slowness, b.slowness)),
    ...leaf("expected", expected),
  };
}

/**
 * @param now whoever told it may have a clock that is ahead: nothing has been learnt later than now
 * @returns the same, no leaf of it newer
 */
export function untilNow({ endpoints, providers }: SharedFleet, now: number): SharedFleet {
  const past = <T extends Stamped>(one: T | undefined) => one && (one.at <= now ? one : { ...one, at: now });
  return {
    endpoints: mapped(endpoints, ({ breaker, rest, slowness, expected }) => ({
      ...leaf("breaker", past(breaker)),
      ...leaf("rest", past(rest)),
      ...leaf("slowness", past(slowness)),
      ...leaf("expected", expected && mapped(expected, (one) => past(one)!)),
    })),
    providers: mapped(providers, ({ drain, price }) => ({
      ...leaf("drain", past(drain)),
      ...leaf("price", past(price)),
    })),
  };
}

function mapped<T>(all: Readonly<Record<string, T>>, change: (one: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]));
}

/** At the same moment the one whose text is greater: any rule will do that both sides have. */
function newer<T extends Stamped>(one: T | undefined, other: T | undefined): T | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.at !== other.at) return one.at > other.at ? one : other;
  return textOf(one) >= textOf(other) ? one : other;
}

const textOf = (value: object) => JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));

function leaf<K extends string, T>(name: K, value: T | undefined): { readonly [key in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]: T });
}

function joined<T>(
  one: Readonly<Record<string, T>>,
  other: Readonly<Record<string, T>>,
  merge: (a: T, b: T) => T,
): Record<string, T> {
  const all: [string, T][] = Object.entries(one).map(([key, value]) => [
    key,
    Object.hasOwn(other, key) ? merge(value, other[key]!) : value,
  ]);
  return Object.fromEntries([...all, ...Object.entries(other).filter(([key]) => !Object.hasOwn(one, key))]);
}
