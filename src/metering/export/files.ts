/** Usage events as files: NDJSON by hour, named by what is in them, so that writing twice is writing once. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { UsageCloudEvent } from "./cloudevent.ts";

export interface UsageFile {
  /** `usage/2026-11-30/15/<digest of the ids>.ndjson`: day and hour of its events, UTC. */
  readonly key: string;
  /** One CloudEvent a line, by id. */
  readonly text: string;
}

/**
 * The files of a batch, one for each hour that its events happened in. The same events, in any order and however
 * often, make the same files; together with others they make other files, so a reader counts each id once.
 */
export function usageFiles(events: readonly UsageCloudEvent[]): UsageFile[] {
  const once = new Map(events.map((event) => [event.id, event]));
  const byHour = Map.groupBy(once.values(), ({ time }) => `${time.slice(0, 10)}/${time.slice(11, 13)}`);
  return [...byHour].map(([hour, all]) => {
    const sorted = all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const digest = bytesToHex(sha256(utf8ToBytes(JSON.stringify(sorted.map(({ id }) => id)))));
    return {
      key: `usage/${hour}/${digest.slice(0, 32)}.ndjson`,
      text: sorted.map((event) => `${JSON.stringify(event)}\n`).join(""),
    };
  });
}
