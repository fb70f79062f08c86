/** An isolate's states out to the others, and theirs in. */
import { closedBreaker } from "./breaker.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Hub } from "./hub.ts";
import { policy } from "./policy.ts";
import { awake } from "./rest.ts";
import type { SharedEndpoint, SharedFleet, SharedProvider } from "./shared.ts";

/** @returns all that others may want to know, as plain JSON */
export function snapshotOf(hub: Hub): SharedFleet {
  return {
    endpoints: Object.fromEntries(hub.endpoints.map((endpoint) => [endpoint.key, sharedOf(endpoint)])),
    providers: Object.fromEntries(
      [...hub.providers].map(([name, { drained, drainedAt, price, pricedAt }]): [string, SharedProvider] => [
        name,
        {
          ...(drainedAt > 0 && { drain: { drained, at: drainedAt } }),
          ...(pricedAt > 0 && { price: { ...price, at: pricedAt } }),
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
export function adopt(hub: Hub, shared: SharedFleet): void {
  const latest = hub.ports.now() + 2 * policy.breaker.capMs;
  for (const endpoint of hub.endpoints) {
    const { breaker, rest, slowness, expected } = shared.endpoints[endpoint.key] ?? {};
    if (breaker && breaker.at > endpoint.breaker.at) {
      // Another isolate's clock may be wrong: nobody stays out of use for long by it.
      endpoint.breaker = { ...closedBreaker, ...breaker, until: Math.min(breaker.until, latest) };
    }
    if (rest && rest.at > endpoint.rest.at)
      endpoint.rest = { ...awake, ...rest, until: Math.min(rest.until, latest) };
    if (slowness && slowness.at > endpoint.slowness.at) endpoint.slowness = slowness;
    for (const [key, value] of Object.entries(expected ?? {})) {
      if (value.at > (endpoint.expected.get(key)?.at ?? 0)) endpoint.expected.set(key, value);
    }
  }
  for (const [name, provider] of hub.providers) {
    const { drain, price } = shared.providers[name] ?? {};
    if (drain && drain.at > provider.drainedAt) {
      provider.drained = drain.drained;
      provider.drainedAt = drain.at;
    }
    if (price && price.at > provider.pricedAt) {
      provider.price = { second: price.second, gigabyte: price.gigabyte };
      provider.pricedAt = price.at;
    }
  }
  hub.alarm.ring();
}
