/** Sums settlements a bucket and group: each row is counted once. */
import type { SettledRow } from "./row.ts";
import type { Span } from "./span.ts";

/** What a report counts. */
export interface Sums {
  readonly requests: number;
  readonly pictures: number;
  readonly steps: number;
  readonly tokens: number;
  readonly microCredits: number;
}

export interface Group<Field extends string> {
  /** The fields that were grouped by; others are absent. */
  readonly key: Readonly<Partial<Record<Field, string>>>;
  readonly sums: Sums;
}

export interface Bucket<Field extends string> extends Span {
  /** Ordered by their keys; none where nothing happened. */
  readonly groups: readonly Group<Field>[];
}

const NOTHING: Sums = { requests: 0, pictures: 0, steps: 0, tokens: 0, microCredits: 0 };

/** Takes rows in any order. */
export class Buckets<Field extends string> {
  readonly #spans: readonly Span[];
  readonly #by: readonly Field[];
  readonly #read: (row: SettledRow, field: Field) => string;
  readonly #groups: Map<string, Group<Field>>[];

  /**
   * @param spans one after the other without a gap.
   * @param by fields to group by; none: one group a bucket.
   */
  constructor(spans: readonly Span[], by: readonly Field[], read: (row: SettledRow, field: Field) => string) {
    this.#spans = spans;
    this.#by = [...new Set(by)];
    this.#read = read;
    this.#groups = spans.map(() => new Map());
  }

  /** Counts a row in the one bucket that it falls into; a row of another time is none of its business. */
  add(row: SettledRow): void {
    const groups = this.#groups[this.#indexOf(row.atMs)];
    if (!groups) return;
    const values = this.#by.map((field) => this.#read(row, field));
    const name = JSON.stringify(values);
    const sums = groups.get(name)?.sums ?? NOTHING;
    const key = Object.fromEntries(this.#by.map((field, i) => [field, values[i]!]));
    groups.set(name, { key: key as Group<Field>["key"], sums: plus(sums, row) });
  }

  list(): Bucket<Field>[] {
    return this.#spans.map((span, i) => ({
      ...span,
      groups: [...this.#groups[i]!].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group),
    }));
  }

  /** The last bucket that begins at or before a moment, by halving; -1 where the moment is in none. */
  #indexOf(ms: number): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#spans[middle]!.toMs <= ms) low = middle + 1;
      else high = middle;
    }
    const span = this.#spans[low];
    return span && span.fromMs <= ms ? low : -1;
  }
}

function plus(sums: Sums, { charge, usage }: SettledRow): Sums {
  return {
    requests: sums.requests + (usage ? 1 : 0),
    pictures: sums.pictures + (usage?.pictures ?? 0),
    steps: sums.steps + (usage?.steps ?? 0),
    tokens: sums.tokens + (usage?.tokens ?? 0),
    microCredits: sums.microCredits + charge,
  };
}
