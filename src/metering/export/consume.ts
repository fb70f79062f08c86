/** What becomes of a batch of the usage queue: files in R2, and a delivery for whoever is to be told; at least once. */
import type { LedgerEvent } from "../ledger/events.ts";
import { cloudEventOf, isUsage } from "./cloudevent.ts";
import { type Delivery, type DeliveryPorts, deliveriesOf } from "./deliveries.ts";
import { usageFiles } from "./files.ts";

export interface ExportPorts extends Pick<DeliveryPorts, "sinks" | "webhooks"> {
  readonly files: Pick<R2Bucket, "put">;
  /** Of every event, the same for ever: readers know an event by it and its id. */
  readonly source: string;
  readonly deliveries: Pick<Queue<Delivery>, "sendBatch">;
}

/** As many as a queue takes at once. */
const MOST_SENT = 100;

const LONGEST_DELAY_S = 600;

/** Writes a batch's usage and sends it on; where that fails, the whole batch comes again, later and later. */
export async function exportUsage(batch: MessageBatch<LedgerEvent>, ports: ExportPorts): Promise<void> {
  try {
    const events = batch.messages.map(({ body }) => body);
    const usage = events.filter(isUsage).map((event) => cloudEventOf(event, ports.source));
    await Promise.all(
      usageFiles(usage).map(({ key, text }) =>
        ports.files.put(key, text, { httpMetadata: { contentType: "application/x-ndjson" } }),
      ),
    );
    const deliveries = await deliveriesOf(events, usage, ports);
    for (let at = 0; at < deliveries.length; at += MOST_SENT) {
      await ports.deliveries.sendBatch(deliveries.slice(at, at + MOST_SENT).map((body) => ({ body })));
    }
  } catch (error) {
    console.error(`usage events: ${batch.messages.length} wait: ${String(error)}`);
    for (const message of batch.messages) {
      message.retry({ delaySeconds: Math.min(2 ** message.attempts, LONGEST_DELAY_S) });
    }
  }
}
