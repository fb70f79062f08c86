/** The money before a generation: its price is held in the account's ledger, or refused in HTTP's words. */
import type { Context } from "hono";
import type { Caller } from "../accounts/caller.ts";
import { sha256 } from "../generation/digest.ts";
import type { HoldAnswer, HoldRefusal, HoldRequest, LimitState, Limits } from "../metering/hold.ts";
import type { Plan } from "../plan/plan.ts";
import { totalOf } from "../plan/price.ts";
import { Refusal } from "../refusal.ts";
import { canonical } from "./canonical.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { tooManyStreams } from "./streams.ts";

/** A hold: the generation that it pays for, new or joined by a retry, and the plan that is agreed. */
export interface Held {
  readonly id: string;
  readonly madeMs: number;
  readonly plan: Plan;
  readonly joined: boolean;
}

/** What identifies a request among its retries. */
export interface Attempt {
  readonly bodySha256: string;
  readonly idempotencyKey: string | null;
  readonly retryCount: number;
}

const TRIES = 3;

/**
 * Reads what a retry is recognised by.
 * @param request the parsed body.
 * @throws Refusal naming the header that is malformed.
 */
export async function attemptOf(c: Context<ApiEnv>, request: unknown): Promise<Attempt> {
  const idempotencyKey = c.req.header("idempotency-key") ?? null;
  if (idempotencyKey !== null && !/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) {
    throw new Refusal("invalid_value", "Idempotency-Key: 1 to 255 printable ASCII characters, no spaces.", {
      param: "Idempotency-Key",
    });
  }
  const retries = c.req.header("x-stainless-retry-count") ?? "0";
  return {
    bodySha256: await sha256(canonical(request)),
    idempotencyKey,
    retryCount: /^\d{1,3}$/.test(retries) ? Number(retries) : 0,
  };
}

/** Whether the request may be a retry of one that was served: then that one is answered, whatever is served now. */
export const mayJoin = ({ idempotencyKey, retryCount }: Attempt): boolean =>
  idempotencyKey !== null || retryCount > 0;

/**
 * Holds a plan's price, or finds the generation that this request is a retry of.
 * Sets the `x-ratelimit-*` headers.
 * @param stream the event stream that the answer will be, which takes its place in the same call; null: none.
 * @throws Refusal for an empty balance, a spent budget, a limit, a disabled key, a key used for another body.
 */
export async function holdPrice(
  c: Context<ApiEnv>,
  { ids, ledgers }: Deps,
  { account, project, apiKey }: Caller,
  plan: Plan,
  attempt: Attempt,
  stream: string | null,
): Promise<Held> {
  const madeMs = Date.now();
  const id = await ids.make(madeMs, crypto.getRandomValues(new Uint8Array(16)));
  const request: HoldRequest = {
    account,
    generation: id,
    apiKey,
    project,
    model: plan.model,
    pictures: plan.pictures.length,
    amount: totalOf(plan),
    plan: JSON.stringify(plan),
    ...attempt,
  };
  const answer = await reserve(() => ledgers(account).reserve(request, stream));
  if (answer.limits) setLimitHeaders(c, answer.limits);
  if (answer.kind === "refused") throw refusalOf(answer.refusal, totalOf(plan));
  if (answer.kind === "held") return { id, madeMs, plan, joined: false };
  const joinedMs = await ids.check(answer.generation);
  return {
    id: answer.generation,
    madeMs: joinedMs ?? 0,
    plan: JSON.parse(answer.plan) as Plan,
    joined: true,
  };
}

/** A reservation is idempotent by its generation, so an object that died in the middle is asked again. */
async function reserve(ask: () => Promise<HoldAnswer>): Promise<HoldAnswer> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (cause) {
      if (tries < TRIES) continue;
      throw new Refusal("ledger_unavailable", "The account could not be reached; nothing was charged.", {
        cause,
      });
    }
  }
}

function refusalOf(refusal: HoldRefusal, price: number): Refusal {
  switch (refusal.why) {
    case "credit_balance_exhausted":
      return new Refusal(
        refusal.why,
        `The request costs ${price} micro-credits and the account has ${refusal.available}.`,
      );
    case "budget_exceeded":
      return new Refusal(
        refusal.why,
        `This month's budget of the ${refusal.of} is spent; it starts anew at ${new Date(refusal.resetsMs).toISOString()}.`,
      );
    case "rate_limit_exceeded":
      return new Refusal(refusal.why, `Too many ${refusal.of} in a minute.`, {
        retryAfterMs: refusal.retryAfterMs,
      });
    case "concurrency_limit":
      return new Refusal(refusal.why, `At most ${refusal.limit} generations at a time.`, {
        retryAfterMs: refusal.retryAfterMs,
      });
    case "too_many_streams":
      return tooManyStreams(refusal);
    case "key_disabled":
      return new Refusal("invalid_api_key", "This API key has been disabled.");
    case "account_disabled":
      return new Refusal(refusal.why, "This account has been disabled.");
    case "idempotency_mismatch":
      return new Refusal(refusal.why, "Idempotency-Key: it was used with another body.", {
        param: "Idempotency-Key",
      });
  }
}

function setLimitHeaders(c: Context, limits: Limits): void {
  const each: [string, LimitState][] = [
    ["requests", limits.requests],
    ["images", limits.pictures],
  ];
  for (const [name, { limit, remaining, resetMs }] of each) {
    c.header(`x-ratelimit-limit-${name}`, `${limit}`);
    c.header(`x-ratelimit-remaining-${name}`, `${remaining}`);
    c.header(`x-ratelimit-reset-${name}`, `${Math.ceil(resetMs)}ms`);
  }
}
