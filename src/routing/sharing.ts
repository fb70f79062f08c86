/** An isolate's states out to the others, and theirs in. */
import { closedBreaker } from "./breaker.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Expected } from "./expected.ts";
import type { Hub } from "./hub.ts";
import { policy } from "./policy.ts";
import { awake } from "./rest.ts";
import { type SharedEndpoint, type SharedFleet, type SharedProvider, untilNow } from "./shared.ts";
import type { Slowness } from "./slowness.ts";

/** @returns all that others may want to know, as plain JSON */
export function snapshotOf(hub: Hub): SharedFleet {
  return {
    endpoints: Object.fromEntries(hub.endpoints.map((endpoint) => [endpoint.key, sharedOf(endpoint)])),
    providers: Object.fromEntries(
      [...hub.providers].map(([name, { drained, drainedAt, priced }]): [string, SharedProvider] => [
        name,
        {
          ...(drainedAt > 0 && { drain: { drained, at: drainedAt } }),
          ...(priced !== null && { price: priced }),
        },
      ]),
    ),
  };
}

function sharedOf({ breaker, rest, slowness, expected }: Endpoint): SharedEndpoint {
  const { open, until, openings, at } = breaker;
  return {
    ...(at > 0 && { breaker: { open, until, openings, at } }),
    ...(rest.at > 0 && { rest: { until: rest.until, times: rest.times, at: rest.at } }),
    ...(slowness.at > 0 && { slowness }),
    ...(expected.size > 0 && { expected: Object.fromEntries(expected) }),
  };
}

/** Takes over what is newer than what is known here; of endpoints and providers that are none of ours, nothing. */
export function adopt(hub: Hub, told: SharedFleet): void {
  const now = hub.ports.now();
  const latest = now + 2 * policy.breaker.capMs;
  const shared = untilNow(told, now);
  for (const endpoint of hub.endpoints) {
    const { breaker, rest, slowness, expected } = shared.endpoints[endpoint.key] ?? {};
    if (breaker && breaker.at > endpoint.breaker.at) {
      // Another isolate's clock may be wrong: nobody stays out of use for long by it.
      endpoint.breaker = { ...closedBreaker, ...breaker, until: Math.min(breaker.until, latest) };
    }
    if (rest && rest.at > endpoint.rest.at)
      endpoint.rest = { ...awake, ...rest, until: Math.min(rest.until, latest) };
    if (slowness && isSlowness(slowness) && slowness.at > endpoint.slowness.at) endpoint.slowness = slowness;
    for (const [key, value] of Object.entries(expected ?? {})) {
      if (isExpected(value) && value.at > (endpoint.expected.get(key)?.at ?? 0))
        endpoint.expected.set(key, value);
    }
  }
  for (const [name, provider] of hub.providers) {
    const { drain, price } = shared.providers[name] ?? {};
    if (drain && drain.at > provider.drainedAt) {
      provider.drained = drain.drained;
      provider.drainedAt = drain.at;
    }
    if (price && price.at > (provider.priced?.at ?? 0)) provider.priced = price;
  }
  hub.alarm.ring();
}

/** Whether nothing that is reckoned from it becomes anything but a number above 0. */
function isSlowness({ value, typicalMs }: Slowness): boolean {
  return isAbove0(value) && isAtLeast0(typicalMs);
}

function isExpected({ ms, usualMs, load, deviceMs, bytes, worked, workedAt }: Expected): boolean {
  if (![ms, usualMs].every(isAbove0) || ![load, deviceMs, bytes, workedAt].every(isAtLeast0)) return false;
  return Array.isArray(worked) && worked.every(isAtLeast0);
}

const isAtLeast0 = (value: unknown) => Number.isFinite(value) && (value as number) >= 0;
const isAbove0 = (value: unknown) => isAtLeast0(value) && value !== 0;
