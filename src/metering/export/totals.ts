/** Reads exported usage exactly: each event id is counted once, however many files and lines hold it. */
import { type UsageCloudEvent, usageCloudEvent } from "./cloudevent.ts";

export interface DayTotal {
  readonly account: string;
  /** `2026-11-30`, UTC. */
  readonly day: string;
  readonly requests: number;
  readonly pictures: number;
  readonly steps: number;
  readonly tokens: number;
  readonly micro_credits: number;
}

/** Takes lines in any order and any number of times. */
export class UsageTotals {
  /** What was counted, by source and id: the line itself, to know another that claims to be it. */
  readonly #seen = new Map<string, string>();
  readonly #days = new Map<string, DayTotal>();
  /** Lines that said again what was counted already. */
  duplicates = 0;

  /**
   * Counts one line of a file.
   * @throws Error for a line that is no usage event, or has the id of another one and says something else.
   */
  add(line: string): void {
    const event = usageCloudEvent.parse(JSON.parse(line));
    const name = JSON.stringify([event.source, event.id]);
    const content = JSON.stringify(event);
    const seen = this.#seen.get(name);
    if (seen !== undefined && seen !== content) throw new Error(`${event.id}: two events have this id`);
    if (seen !== undefined) this.duplicates++;
    else this.#count(event);
    this.#seen.set(name, content);
  }

  /** Totals by account, then day. */
  list(): DayTotal[] {
    return [...this.#days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total);
  }

  #count({ subject: account, time, type, data }: UsageCloudEvent): void {
    const day = time.slice(0, 10);
    const key = `${account} ${day}`;
    const {
      requests = 0,
      pictures = 0,
      steps = 0,
      tokens = 0,
      micro_credits = 0,
    } = this.#days.get(key) ?? {};
    this.#days.set(key, {
      account,
      day,
      requests: requests + (type === "vpg.generation.settled" ? 1 : 0),
      pictures: pictures + data.pictures,
      steps: steps + data.steps,
      tokens: tokens + data.tokens,
      micro_credits: micro_credits + data.micro_credits,
    });
  }
}
