/** What differs from one cloud's wire to another's: how a message goes out, and what comes back as a 200. */
import type { Frame } from "../oip/frame.ts";
import type { Pieces } from "../oip/pieces.ts";
import type { Call } from "./call.ts";
import type { Redact } from "./redact.ts";

/** A message on its way out. */
export interface Outgoing {
  /** `{id}` or `{id}.decode`. */
  readonly model: string;
  readonly frame: Frame;
}

/** A 200 on its way in. */
export interface Incoming {
  /** Of these, what says how long the JSON header and the body are is read. */
  readonly headers: Headers;
  readonly pieces: Pieces;
}

export interface Wire {
  /** Takes this wire's secrets out of a text. */
  readonly redact: Redact;
  /** `one`: the front end reaches a single model, which is asked to decode by the parameter `op`. */
  readonly reaches: "any" | "one";
  /** Whether an answer may come without its JSON header's length, whose end is looked for then. */
  readonly unframed: boolean;
  /**
   * @param call whose deadline and signal hold
   * @param outgoing the message
   * @returns the answer, when it is a 200
   * @throws Fault
   */
  send(call: Call, outgoing: Outgoing): Promise<Incoming>;
}
