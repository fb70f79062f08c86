/** The order of a reservation: what was said before, who may, what a retry joins, limits, budget, credit. */
import type { HoldAnswer, HoldRefusal, HoldRequest, Limits } from "../hold.ts";
import { alertBudget } from "./alert.ts";
import type { Hold } from "./holds.ts";
import type { Tables } from "./tables.ts";

/** When a live hold may have ended is anyone's guess. */
const CONCURRENCY_RETRY_MS = 1_000;

/** Several generations may be meant: the caller says which first, and asks again. */
export interface Choice {
  readonly kind: "choice";
  readonly generations: readonly string[];
}

/** Those after which the official client sends the request again: 429. */
const retried = new Set<HoldRefusal["why"]>(["rate_limit_exceeded", "concurrency_limit"]);

/**
 * Answers a reservation; to be called within a transaction, on an account that exists.
 * @param preferred generations to be joined first, in this order; null: not asked yet.
 * @param expiresMs when a new hold asks its generation, unless somebody has ended it.
 */
export function reserve(
  tables: Tables,
  request: HoldRequest,
  preferred: readonly string[] | null,
  nowMs: number,
  expiresMs: number,
): HoldAnswer | Choice {
  const repeated = answeredBefore(tables, request);
  if (repeated) return repeated;

  const { holds, rates } = tables;
  const rate = rates.measure(request.apiKey, request.pictures, nowMs);
  const refuse = (refusal: HoldRefusal): HoldAnswer => {
    if (retried.has(refusal.why) && request.idempotencyKey === null) {
      holds.rebuff(request.generation, request.apiKey, request.bodySha256, nowMs);
    }
    return { kind: "refused", refusal, limits: rate.untouched };
  };
  const join = (hold: Hold): HoldAnswer => {
    holds.join(request, hold.generation, rate.untouched, nowMs);
    holds.forgiveRebuff(request.generation);
    return joinedTo(hold, rate.untouched);
  };

  const disabled = disabledRefusal(tables, request.apiKey);
  if (disabled) return refuse(disabled);

  if (request.idempotencyKey !== null) {
    const known = holds.ofIdempotencyKey(request.idempotencyKey, nowMs);
    if (known && known.bodySha256 !== request.bodySha256) return refuse({ why: "idempotency_mismatch" });
    if (known) return join(known);
  } else if (request.retryCount > 0 && !holds.followRebuff(request, nowMs)) {
    const joinable = holds.joinable(request, nowMs);
    if (joinable.length > 1 && !preferred) {
      return { kind: "choice", generations: joinable.map(({ generation }) => generation) };
    }
    const found = preferredOf(joinable, preferred ?? []);
    if (found) return join(found);
  }

  const load = holds.load(request.apiKey);
  const refusal =
    rate.refusal ??
    concurrencyRefusal(tables, request.apiKey, load) ??
    budgetRefusal(tables, request, load, nowMs);
  if (refusal) return refuse(refusal);
  const { generation, apiKey, project, model, pictures, amount } = request;
  const posted = tables.store.post(
    `reserve:${generation}`,
    generation,
    null,
    { kind: "reserve", amount },
    { apiKey, project, model, pictures },
    nowMs,
  );
  if (posted.kind === "refused") {
    if (posted.why !== "insufficient_credit") throw new RangeError(`reserve ${generation}: ${posted.why}`);
    const { available } = tables.store.head()!.balances;
    return refuse({ why: "credit_balance_exhausted", available });
  }
  rate.take();
  holds.add(request, rate.taken, nowMs, expiresMs);
  holds.forgiveRebuff(generation);
  alertBudget(tables, load.account.amount + amount, false, nowMs);
  return { kind: "held", limits: rate.taken };
}

/** What this very request was answered with, when the answer was lost. */
function answeredBefore({ holds }: Tables, { generation }: HoldRequest): HoldAnswer | null {
  const own = holds.find(generation);
  if (own) return { kind: "held", limits: JSON.parse(own.limits) as Limits };
  const joined = holds.joined(generation);
  return joined?.hold.plan ? joinedTo(joined.hold, JSON.parse(joined.limits) as Limits) : null;
}

/** Only holds that still have their plan are ever joined. */
function joinedTo({ generation, plan }: Hold, limits: Limits): HoldAnswer {
  return { kind: "joined", generation, plan: plan!, limits };
}

function preferredOf(joinable: readonly Hold[], preferred: readonly string[]): Hold | undefined {
  const inOrder = preferred.flatMap((id) => joinable.filter(({ generation }) => generation === id));
  return inOrder[0] ?? joinable[0];
}

function disabledRefusal({ rates }: Tables, apiKey: string): HoldRefusal | null {
  if (rates.account().disabled) return { why: "account_disabled" };
  return rates.key(apiKey).disabled ? { why: "key_disabled" } : null;
}

/** Live holds and what they hold, of the account and of the key that asks. */
type Loads = ReturnType<Tables["holds"]["load"]>;

function concurrencyRefusal({ rates }: Tables, apiKey: string, load: Loads): HoldRefusal | null {
  const limits = { account: rates.account().limits.concurrency, key: rates.key(apiKey).limits.concurrency };
  for (const whose of ["account", "key"] as const) {
    const limit = limits[whose];
    if (limit !== null && load[whose].holds >= limit) {
      return { why: "concurrency_limit", limit, retryAfterMs: CONCURRENCY_RETRY_MS };
    }
  }
  return null;
}

function budgetRefusal(
  tables: Tables,
  { apiKey, amount }: HoldRequest,
  load: Loads,
  nowMs: number,
): HoldRefusal | null {
  const { rates, budget } = tables;
  const { limits } = rates.account();
  const budgets = {
    account: { budget: limits.monthlyBudget, held: load.account.amount },
    key: { budget: rates.key(apiKey).limits.monthlyBudget, held: load.key.amount },
  };
  const refusal = budget.refusal(apiKey, amount, budgets, nowMs);
  if (refusal?.of === "account") alertBudget(tables, load.account.amount, true, nowMs);
  return refusal;
}
