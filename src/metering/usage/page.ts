/** The page that OpenAI's usage routes answer with, whatever its buckets count. */
import type { Bucket } from "./buckets.ts";

export interface Page<Result> {
  readonly object: "page";
  readonly data: readonly {
    readonly object: "bucket";
    /** Unix seconds; the end is exclusive. */
    readonly start_time: number;
    readonly end_time: number;
    readonly results: readonly Result[];
  }[];
  readonly has_more: boolean;
  readonly next_page: string | null;
}

export function pageOf<Field extends string, Result>(
  buckets: readonly Bucket<Field>[],
  nextPage: string | null,
  resultsOf: (bucket: Bucket<Field>) => readonly Result[],
): Page<Result> {
  return {
    object: "page",
    data: buckets.map((bucket) => ({
      object: "bucket",
      start_time: bucket.fromMs / 1000,
      end_time: bucket.toMs / 1000,
      results: resultsOf(bucket),
    })),
    has_more: nextPage !== null,
    next_page: nextPage,
  };
}
