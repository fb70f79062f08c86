/** Our own report: totals by day and model, as JSON or as CSV. */
import type { Bucket, Sums } from "./buckets.ts";
import type { Span } from "./span.ts";

interface Counts {
  readonly requests: number;
  readonly pictures: number;
  readonly steps: number;
  readonly tokens: number;
  readonly micro_credits: number;
}

export interface DailyUsage {
  readonly object: "usage";
  /** Unix seconds; the end is exclusive. */
  readonly start_time: number;
  readonly end_time: number;
  readonly total: Counts;
  /** By day (UTC), then model. */
  readonly data: readonly ({ readonly date: string; readonly model: string } & Counts)[];
}

/** @param buckets of a day each, grouped by model. */
export function dailyUsage({ fromMs, toMs }: Span, buckets: readonly Bucket<"model">[]): DailyUsage {
  const data = buckets.flatMap((bucket) =>
    bucket.groups.map(({ key, sums }) => ({
      date: new Date(bucket.fromMs).toISOString().slice(0, 10),
      model: key.model ?? "",
      ...countsOf(sums),
    })),
  );
  const total = (field: keyof Counts) => data.reduce((sum, line) => sum + line[field], 0);
  return {
    object: "usage",
    start_time: fromMs / 1000,
    end_time: toMs / 1000,
    total: {
      requests: total("requests"),
      pictures: total("pictures"),
      steps: total("steps"),
      tokens: total("tokens"),
      micro_credits: total("micro_credits"),
    },
    data,
  };
}

const countsOf = ({ requests, pictures, steps, tokens, microCredits }: Sums): Counts => ({
  requests,
  pictures,
  steps,
  tokens,
  micro_credits: microCredits,
});

const COLUMNS = ["date", "model", "requests", "pictures", "steps", "tokens", "micro_credits"] as const;

/** The same lines as CSV (RFC 4180), with a header line and without the total. */
export function dailyCsv({ data }: DailyUsage): string {
  const lines = [COLUMNS, ...data.map((line) => COLUMNS.map((column) => String(line[column])))];
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
