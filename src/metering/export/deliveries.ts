/** Events on their way out of the house, each to one sink or webhook, again and again until it is taken. */
import type { LedgerEvent } from "../ledger/events.ts";
import type { Webhooks } from "../webhooks/webhooks.ts";
import type { UsageCloudEvent } from "./cloudevent.ts";
import { type Fetch, isAccepted, postOut } from "./outbound.ts";
import { type Sink, sinkRequest } from "./sinks.ts";

/** A message of the delivery queue. */
export type Delivery =
  | { readonly to: Sink["kind"]; readonly event: UsageCloudEvent }
  | { readonly to: "webhook"; readonly webhook: string; readonly event: LedgerEvent };

export interface DeliveryPorts {
  /** @throws Error where they are configured wrongly: what is for them waits. */
  readonly sinks: () => readonly Sink[];
  /** A secret by its name. */
  readonly secret: (name: string) => string | undefined;
  readonly webhooks: Pick<Webhooks, "recipients" | "deliver">;
  readonly fetch: Fetch;
}

/** After each failed attempt; a queue delays by at most 12 hours, and keeps a message for four days. */
const DELAYS_S = [5, 300, 1_800, 7_200, 18_000, 36_000, 43_200, 43_200, 43_200];

/**
 * Who is to be told of these events, of at most a hundred accounts.
 * @param usage those of them that sinks are told of.
 */
export async function deliveriesOf(
  events: readonly LedgerEvent[],
  usage: readonly UsageCloudEvent[],
  { sinks, webhooks }: Pick<DeliveryPorts, "sinks" | "webhooks">,
): Promise<Delivery[]> {
  const told = await webhooks.recipients(events);
  return [
    ...sinks().flatMap(({ kind }) => usage.map((event) => ({ to: kind, event }))),
    ...told.map((one) => ({ to: "webhook" as const, ...one })),
  ];
}

/** Sends a batch of the delivery queue; what is not taken comes again, later each time. */
export async function deliver(batch: MessageBatch<Delivery>, ports: DeliveryPorts): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      const { to, event } = message.body;
      const taken = await attempt(message.body, ports).catch((error: unknown) => {
        console.error(`delivery of ${event.id} to ${to}: ${String(error)}`);
        return false;
      });
      if (!taken) message.retry({ delaySeconds: delayAfter(message.attempts) });
    }),
  );
}

async function attempt(
  delivery: Delivery,
  { sinks, secret, webhooks, fetch }: DeliveryPorts,
): Promise<boolean> {
  if (delivery.to === "webhook") return webhooks.deliver(delivery.webhook, delivery.event);
  const sink = sinks().find(({ kind }) => kind === delivery.to);
  // The operator has switched it off meanwhile.
  if (!sink) return true;
  const key = secret(sink.secret);
  if (!key) throw new Error(`no secret ${sink.secret}`);
  const request = sinkRequest(sink, delivery.event, key);
  return request === null || isAccepted(await postOut(fetch, request));
}

/** With up to a fifth more, so that what failed together does not come together again. */
function delayAfter(attempts: number): number {
  const seconds = DELAYS_S[Math.min(attempts, DELAYS_S.length) - 1]!;
  return Math.min(Math.ceil(seconds * (1 + Math.random() / 5)), DELAYS_S.at(-1)!);
}
