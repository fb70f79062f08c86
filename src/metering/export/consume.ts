/** What becomes of a batch of the usage queue: files in R2, at least once. */
import type { LedgerEvent } from "../ledger/events.ts";
import { cloudEventOf, isUsage } from "./cloudevent.ts";
import { usageFiles } from "./files.ts";

export interface ExportPorts {
  readonly files: Pick<R2Bucket, "put">;
  /** Names this deployment in every event: its public origin. */
  readonly source: string;
}

const LONGEST_DELAY_S = 600;

/** Writes a batch's usage; where that fails, the whole batch comes again, later and later. */
export async function exportUsage(batch: MessageBatch<LedgerEvent>, ports: ExportPorts): Promise<void> {
  try {
    const events = batch.messages.map(({ body }) => body);
    const usage = events.filter(isUsage).map((event) => cloudEventOf(event, ports.source));
    await Promise.all(
      usageFiles(usage).map(({ key, text }) =>
        ports.files.put(key, text, { httpMetadata: { contentType: "application/x-ndjson" } }),
      ),
    );
  } catch (error) {
    console.error(`usage events: ${batch.messages.length} wait: ${String(error)}`);
    for (const message of batch.messages) {
      message.retry({ delaySeconds: Math.min(2 ** message.attempts, LONGEST_DELAY_S) });
    }
  }
}
