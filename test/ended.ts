/** Generations that have ended, as receipts are made of them: a plan of the catalogue's model and steps as delivered. */
import { catalogue } from "../src/catalogue/index.ts";
import { describeOutput, type Ended } from "../src/metering/receipt/receipt.ts";
import { makePlan, type Plan, type PlanRequest } from "../src/plan/plan.ts";
import { chargeOf } from "../src/plan/price.ts";

const request: PlanRequest = {
  prompt: "a Mushroom",
  n: 2,
  size: "auto",
  format: "png",
  partialImages: 0,
  seed: 7,
};

/** The plan of a request to the catalogue's first model, two mushrooms unless asked otherwise. */
export const planOf = (asked: Partial<PlanRequest> = {}): Plan =>
  makePlan({ ...request, ...asked }, catalogue[0], (seed, n, corruptionSeed) =>
    Array.from({ length: n }, (_, i) => ({
      seed: seed + i,
      corruptionSeed: corruptionSeed ?? seed + 100 + i,
    })),
  );

/** What a generation that delivered `committed` steps and came to this end is. */
export function endedOf(plan: Plan, reason: Ended["end"]["reason"], committed = plan.steps.length): Ended {
  const isCharged = reason === "completed" || reason === "cancelled";
  const pictures = plan.pictures.length;
  const groups = Math.ceil(pictures / plan.batch);
  return {
    issuer: "https://vpg.example",
    project: "proj_1",
    apiKey: "key_1",
    createdMs: Date.UTC(2026, 10, 24, 12),
    endedMs: Date.UTC(2026, 10, 24, 12, 0, 2, 5),
    plan,
    steps: plan.steps.slice(0, committed).map((_, step) => ({
      step,
      stats: plan.pictures.map((_, i) => ({
        deviceMs: 1.5 + i,
        cache: i === 0 ? "hit" : "miss",
        numerics: `class ${Math.floor(i / plan.batch)}`,
      })),
      routes: Array.from({ length: groups }, (_, group) => ({
        endpoint: `endpoint ${group}`,
        region: null,
        tried: Array.from({ length: step }, () => ({})),
      })),
    })),
    end: {
      account: "acct_1",
      generation: "gen_1",
      reason,
      charge: isCharged ? chargeOf(plan, committed) : 0,
      usage: { pictures, steps: committed, tokens: 0, size: plan.size },
    },
    outputs:
      reason === "completed" || reason === "unattended"
        ? plan.pictures.map((_, i) =>
            describeOutput(i, new TextEncoder().encode(`picture ${i}`), plan.format),
          )
        : [],
  };
}
