/** A key's open event streams: each is counted in the account's ledger object until it is left. */
import type { Context } from "hono";
import type { Caller } from "../accounts/caller.ts";
import { Refusal } from "../refusal.ts";
import type { Deps } from "./deps.ts";

/** Well within the minute after which a stream counts as dead. */
const RENEW_MS = 20_000;

/** A stream's place among those that its key may have open. */
export interface StreamPlace {
  /** Says that it is still there; to be called at least every second or so, mostly does nothing. */
  readonly renew: () => void;
  /** Gives it back; again is as once. */
  readonly leave: () => void;
}

/** What gives a place back when what was to be streamed cannot be. */
export const leaving =
  (place: StreamPlace | null) =>
  (error: unknown): never => {
    place?.leave();
    throw error;
  };

/** As many are open as may be. */
export const tooManyStreams = ({ limit, retryAfterMs }: { limit: number; retryAfterMs: number }): Refusal =>
  new Refusal("too_many_streams", `At most ${limit} event streams open at a time.`, { retryAfterMs });

/**
 * Takes a place for a stream that is about to be opened.
 * @throws Refusal `too_many_streams` where the key has as many open as it may.
 */
export async function takePlace(
  c: Context,
  deps: Pick<Deps, "ledgers">,
  caller: Caller,
): Promise<StreamPlace> {
  const stream = crypto.randomUUID();
  const opening = deps.ledgers(caller.account).openStream(caller.apiKey, stream);
  const place = placeOf(c, deps, caller, stream, opening);
  const opened = await opening.catch((cause) => {
    throw new Refusal("ledger_unavailable", "The account could not be reached; nothing was charged.", {
      cause,
    });
  });
  if (opened.kind === "refused") throw tooManyStreams(opened);
  return place;
}

/**
 * The place that a stream takes, by itself or with its hold.
 * @param taking the call that takes it, which leaving must not overtake.
 */
export function placeOf(
  c: Context,
  { ledgers }: Pick<Deps, "ledgers">,
  { account, apiKey }: Caller,
  stream: string,
  taking: Promise<unknown>,
): StreamPlace {
  let renewedMs = Date.now();
  let isLeft = false;
  let said: Promise<void> = taking.then(
    () => undefined,
    () => undefined,
  );
  /** One after the other: a renewal that came after the end would open it again. */
  const say = (what: () => Promise<void>) => {
    // Where the ledger hears nothing, the place is free again after a minute.
    said = said.then(what).catch(() => undefined);
    c.executionCtx.waitUntil(said);
  };
  const place: StreamPlace = {
    renew: () => {
      if (isLeft || Date.now() - renewedMs < RENEW_MS) return;
      renewedMs = Date.now();
      say(() => ledgers(account).renewStream(apiKey, stream));
    },
    leave: () => {
      if (isLeft) return;
      isLeft = true;
      say(() => ledgers(account).closeStream(apiKey, stream));
    },
  };
  // A client that goes before its stream has begun leaves nobody else to say so.
  if (c.req.raw.signal.aborted) place.leave();
  else c.req.raw.signal.addEventListener("abort", place.leave, { once: true });
  return place;
}
