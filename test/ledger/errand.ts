/** What a client means to do, all of it chosen before it begins. */
import { catalogue } from "../../src/catalogue/index.ts";
import type { Random } from "../random.ts";

const { classes } = catalogue[0].condition as { classes: readonly string[] };

export interface Errand {
  readonly number: number;
  /** Which of the accounts it is of. */
  readonly party: number;
  readonly body: Readonly<Record<string, unknown>> & { readonly n: number; readonly stream: boolean };
  /** Its body is like no other's, so that no other client's retry can be taken for its own. */
  readonly isAlone: boolean;
  /** Begins so many milliseconds after its turn has come. */
  readonly afterMs: number;
  readonly idempotencyKey: string | null;
  /** Two requests at once under one key. */
  readonly isTwin: boolean;
  /** How often it tries again after a break or an error that clients retry. */
  readonly patience: number;
  /** Goes on with a broken stream by its events, instead of asking anew. */
  readonly followsEvents: boolean;
  /** Hangs up after so many lines of its stream. */
  readonly leavesAfter: number | null;
  /** Cancels so many milliseconds after it knows its generation. */
  readonly cancelsAfterMs: number | null;
  /** Asks for the price first, and is answered with it. */
  readonly asksPrice: boolean;
  /** Offers one micro-credit. */
  readonly isStingy: boolean;
  /** Sends the same once more after it was served, under its key. */
  readonly asksAgain: boolean;
  /** Deletes its pictures in the end. */
  readonly deletes: boolean;
}

/** @param parties how many accounts there are. */
export function errandOf(random: Random, number: number, parties: number): Errand {
  const stream = random.chance(0.6);
  const idempotencyKey = random.chance(0.3) ? `order-${number}` : null;
  const isStingy = random.chance(0.04);
  const isAlone = random.chance(0.7);
  return {
    number,
    party: random.whole(parties),
    body: {
      model: catalogue[0].id,
      prompt: random.pick(classes),
      n: 1 + random.whole(4),
      stream,
      ...(stream && random.chance(0.5) && { partial_images: 1 + random.whole(2) }),
      ...(random.chance(0.5) && { seed: random.whole(3) }),
      ...(random.chance(0.5) && { vpg: { scale: 1.5 } }),
      ...(isStingy && { max_micro_credits: 1 }),
      ...(isAlone && { user: `client-${number}` }),
    },
    isAlone,
    afterMs: random.whole(1_500),
    idempotencyKey,
    isTwin: idempotencyKey !== null && random.chance(0.3),
    patience: random.pick([0, 0, 1, 8]),
    followsEvents: random.chance(0.6),
    leavesAfter: stream && random.chance(0.25) ? random.whole(8) : null,
    cancelsAfterMs: stream && random.chance(0.2) ? random.whole(1_200) : null,
    asksPrice: random.chance(0.2),
    isStingy,
    asksAgain: idempotencyKey !== null && random.chance(0.5),
    deletes: random.chance(0.05),
  };
}

/** Requests that can only be refused with 400, and hold nothing. */
export const badRequests: readonly object[] = [
  { prompt: "smiley", n: 0 },
  { prompt: "no such class" },
  { prompt: "smiley", colour: "red" },
  { n: 1 },
];
