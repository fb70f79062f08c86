/** What a caller was told of one generation, and what its record says. */

/** An answer, or a whole stream. */
export interface Told {
  readonly generation: string;
  /** Base64 of each picture, in order. */
  readonly pictures: readonly string[];
  /** `vpg.numerics`. */
  readonly numerics: readonly string[];
  /** Micro-credits. */
  readonly price: number;
  /** Of a stream: its events of changing endpoints. */
  readonly failovers: readonly Failover[];
  readonly ms: number;
}

/** `vpg.failover` as it comes. */
export interface Failover {
  /** Null: decoding. */
  readonly step: number | null;
  readonly from: string;
  readonly to: string;
  readonly numerics: { readonly from: string; readonly to: string };
}

/** Of `GET /v1/generations/{id}`, what is looked at. */
export interface Shown {
  readonly id: string;
  readonly status: string;
  readonly steps: readonly {
    readonly step: number;
    readonly stats: readonly { readonly numerics: string }[];
    readonly routes: readonly {
      readonly endpoint: string;
      readonly reason?: string;
      readonly tried?: readonly { readonly endpoint: string; readonly fault: string; readonly ms: number }[];
    }[];
  }[];
}

/** Who failed a step before it was answered, in order. */
export const triedAt = ({ steps }: Shown, step: number) =>
  (steps[step]?.routes ?? []).flatMap((route) => route.tried ?? []);

/** The same of all steps; of a generation that was lost, nobody. */
export const triedIn = (shown: Shown | null) =>
  shown ? shown.steps.flatMap(({ step }) => triedAt(shown, step)) : [];
