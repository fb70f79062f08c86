/** What a fault proxy can do to one answer: a closed union, each with the luck that says which byte, which bit, how long. */

/** Where in the bytes of an answer: the HTTP head, the JSON header, the last tensor, or all but the very last byte. */
export type Place = "head" | "header" | "tensor" | "last";

export type Act =
  /** This answer is whole, but before its end the port is shut, so long: whoever connects then is refused. */
  | { readonly kind: "refuse"; readonly ms: number }
  | { readonly kind: "latency"; readonly ms: number }
  /** The answer in so many pieces, one every so often. */
  | { readonly kind: "drip"; readonly pieces: number; readonly everyMs: number }
  /** Bytes up to the place, then none; the connection stays. */
  | { readonly kind: "stall"; readonly at: Place }
  /** Bytes up to the place, then the connection ends in good order. */
  | { readonly kind: "cut"; readonly at: Place }
  /** Bytes up to the place, then RST. */
  | { readonly kind: "reset"; readonly at: Place }
  /** A length that is not true: of the body, or of the JSON header in it. */
  | { readonly kind: "length"; readonly of: "body" | "header"; readonly by: number }
  /** One bit: anywhere in the JSON header; in the tensor one that makes a row malformed; or any of the tensor's. */
  | { readonly kind: "flip"; readonly where: "header" | "malformed" | "tensor" }
  /** 200, and nothing. */
  | { readonly kind: "empty" }
  /** 429; `after` seconds in `Retry-After`, or no such field. */
  | { readonly kind: "overloaded"; readonly after: number | null }
  /** 503, to this request and to all that come so soon after it. */
  | { readonly kind: "burst"; readonly ms: number }
  /** The whole answer twice, as a second one nobody asked for; or its body twice, with a length that says so. */
  | { readonly kind: "duplicate"; readonly what: "answer" | "body" }
  /** No answer ever. */
  | { readonly kind: "hang" };

export interface Fault {
  readonly act: Act;
  /** 0 up to, but not including, 1: which of the bytes or bits that the act leaves open. */
  readonly luck: number;
}

/** How it is called in tables: `cut in tensor`, `429 with Retry-After`. */
export function nameOf(act: Act): string {
  switch (act.kind) {
    case "stall":
    case "cut":
    case "reset":
      return `${act.kind} in ${act.at}`;
    case "length":
      return `${act.of} length ${act.by > 0 ? "+" : ""}${act.by}`;
    case "flip":
      return act.where === "malformed" ? "flip in tensor, malformed" : `flip in ${act.where}`;
    case "overloaded":
      return act.after === null ? "429" : "429 with Retry-After";
    case "burst":
      return "503 burst";
    case "duplicate":
      return `duplicate ${act.what}`;
    default:
      return act.kind;
  }
}

const PLACES: readonly Place[] = ["head", "header", "tensor", "last"];
const places = (kind: "stall" | "cut" | "reset"): Act[] => PLACES.map((at) => ({ kind, at }));

/** Every fault, once. */
export const ACTS: readonly Act[] = [
  { kind: "refuse", ms: 400 },
  { kind: "latency", ms: 400 },
  { kind: "drip", pieces: 24, everyMs: 25 },
  ...places("cut"),
  ...places("reset"),
  ...[-1, 1, 4096].map((by): Act => ({ kind: "length", of: "body", by })),
  ...[-1, 1].map((by): Act => ({ kind: "length", of: "header", by })),
  { kind: "flip", where: "header" },
  { kind: "flip", where: "malformed" },
  { kind: "empty" },
  { kind: "overloaded", after: null },
  { kind: "overloaded", after: 1 },
  { kind: "burst", ms: 300 },
  { kind: "duplicate", what: "answer" },
  { kind: "duplicate", what: "body" },
  ...places("stall"),
  { kind: "hang" },
];

/** Those after which an answer is none, or is never whole, wherever they strike. */
export const FATAL: readonly Act[] = ACTS.filter(
  (act) =>
    !["refuse", "latency", "drip"].includes(act.kind) &&
    !(act.kind === "duplicate" && act.what === "answer") &&
    !(act.kind === "flip" && act.where === "header"),
);
