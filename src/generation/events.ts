/** What a generation tells whoever listens: a closed union, one terminal event a picture. */

export type FailureReason = "endpoint_failed" | "cancelled";

/** Where the time went, in milliseconds. */
export interface Timing {
  /** Calls that failed before another endpoint went on. */
  readonly route: number;
  /** Device time over all steps and pictures. */
  readonly gpu: number;
  /** Waiting for answers beyond the device time, and for the bytes after their first. */
  readonly wire: number;
  /** Inside the kernel; 0 where the clock stands still between I/O. */
  readonly mix: number;
  readonly decode: number;
  readonly total: number;
}

export type GenerationEvent =
  | { readonly type: "preview"; readonly imageIndex: number; readonly index: number; readonly step: number }
  | {
      readonly type: "completed";
      readonly imageIndex: number;
      /** The numerics classes that took part; one: the same request gives these bytes again. */
      readonly numerics: readonly string[];
      readonly timing: Timing;
    }
  /** An endpoint failed and another goes on with the same step. */
  | {
      readonly type: "failover";
      /** The first of the pictures concerned. */
      readonly imageIndex: number;
      readonly images: readonly number[];
      /** Null: decoding. */
      readonly step: number | null;
      readonly from: string;
      readonly to: string;
      readonly fault: string;
      /** Numerics classes; where they differ, later steps may come out differently in the last place. */
      readonly fromClass: string;
      readonly toClass: string;
    }
  | { readonly type: "picture_failed"; readonly imageIndex: number; readonly reason: FailureReason }
  /** The very last one when any picture failed. */
  | { readonly type: "failed"; readonly images: readonly number[]; readonly reason: FailureReason };

/** One line of the stream between a generation and its listener: an event, or a sign of life. */
export type Line =
  | { readonly id: number; readonly event: GenerationEvent; readonly media: string | null }
  | { readonly comment: string };

/** A line on its way: the picture's bytes are fetched when it is taken, not held while it waits. */
export type Pending =
  | {
      readonly id: number;
      readonly event: GenerationEvent;
      readonly media: () => Promise<Uint8Array | null> | Uint8Array | null;
    }
  | { readonly comment: string };
