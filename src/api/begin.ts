/** From a plan to a generation that is followed: hold, start, follow; or join the one that a retry is of. */
import type { Context } from "hono";
import type { Caller } from "../accounts/caller.ts";
import type { Followed } from "../generation/service.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../refusal.ts";
import type { ApiEnv, Deps } from "./deps.ts";
import { type Attempt, type Held, holdPrice } from "./hold.ts";
import { unservedBy } from "./routing.ts";

export interface Begun {
  readonly id: string;
  /** Of a retry: the plan of the first request, with its seeds. */
  readonly plan: Plan;
  readonly followed: Followed;
}

/**
 * Holds the price, starts the generation and follows it. A retry joins the generation of the first request.
 * @param stream what the answer's event stream is counted as; null: it is none.
 * @throws Refusal where the price cannot be held, or what a retry joined has expired.
 */
export async function begin(
  c: Context<ApiEnv>,
  deps: Deps,
  caller: Caller,
  plan: Plan,
  attempt: Attempt,
  stream: string | null,
): Promise<Begun> {
  const { account, project, apiKey } = caller;
  const comesBack = attempt.idempotencyKey !== null;
  const hangUp = stream !== null && !comesBack ? "stop" : "finish";
  const terms = { account, project, apiKey, hangUp, comesBack } as const;
  const held = await hold();
  const first = await run(held);
  if (first) return first;
  // Held once and never started: the ledger lets it go, and this request is the first again.
  await deps.ledgers(account).review(account, held.id);
  const anew = await hold();
  const second = await run(anew);
  if (second) return second;
  throw new Refusal("internal_error", "The generation could not be started; nothing was charged.", {
    internal: anew.id,
  });

  async function hold(): Promise<Held> {
    const made = await holdPrice(c, deps, caller, plan, attempt, stream);
    const unserved = made.joined ? null : unservedBy(deps.fleet, plan);
    if (!unserved) return made;
    // It could have been a retry of what was served once, and is none: what was held for it goes back.
    await deps.ledgers(account).review(account, made.id);
    throw unserved;
  }

  async function run({ id, madeMs, plan: agreed, joined }: Held): Promise<Begun | null> {
    c.set("generation", id);
    const joins = joined ? await deps.generations.follow(account, id, 0) : "unknown";
    if (joins === "expired") {
      throw new Refusal("asset_expired", "The pictures of this request have expired; ask under a new key.");
    }
    if (typeof joins !== "string") return begun(id, joins.record.plan, joins);
    const followed = await deps.generations.begin(
      id,
      madeMs,
      agreed,
      terms,
      stream === null ? "events" : "all",
    );
    return typeof followed === "string" ? null : begun(id, agreed, followed);
  }

  function begun(id: string, agreed: Plan, followed: Followed): Begun {
    c.header("x-generation-id", id);
    return { id, plan: agreed, followed };
  }
}
