/** What the unruly proxy can be told to do, and what it tells. */

/** What to do to requests whose id ends so, how many times. */
export interface Misdeed {
  /** `-3` for step 3, `-decode` for decoding. */
  readonly suffix: string;
  readonly times: number;
  /** `say`: any answer of its own; `refuse`: a status; `cut`: half a body, then the socket closed; `hold`: no answer until the delay is over. */
  readonly act:
    | {
        readonly kind: "say";
        readonly status: number;
        readonly headers: Readonly<Record<string, string>>;
        readonly body: string;
      }
    | { readonly kind: "refuse"; readonly status: number }
    | { readonly kind: "cut" }
    | { readonly kind: "hold"; readonly ms: number };
}

/** A request as the endpoint's side saw it. */
export interface Seen {
  readonly id: string;
  /** The edge closed the connection before the answer's end. */
  aborted: boolean;
}
