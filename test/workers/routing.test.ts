/** What the operator sees and says of endpoints, and the board through which isolates know of it. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keyed, misbehave, post, record } from "./client.ts";
import { asOperator, done, refusal } from "./operator.ts";

interface Candidate {
  readonly provider: string;
  readonly why_not: string | null;
  readonly why_not_now: string | null;
  readonly drained: boolean;
  readonly price: { readonly second: number; readonly gigabyte: number };
  readonly breaker: { readonly phase: string };
  readonly calls: Readonly<Record<string, { readonly ms: number; readonly score: number }>>;
  readonly counters: { readonly asked: number; readonly answered: number; readonly faults: object } | null;
}

const asked = { model: "var-sprites", prompt: "star", n: 1, seed: 31 };

async function candidate(query = ""): Promise<Candidate> {
  const { data } = await done<{ data: { model: string; candidates: Candidate[] }[] }>(
    asOperator(`/routes${query}`),
  );
  expect(data[0]!.model).toBe("var-sprites");
  return data[0]!.candidates[0]!;
}

/** What there is and what is held, as its owner sees it. */
async function balance(): Promise<unknown> {
  const { balance, holds } = (await (await keyed("/v1/account")).json()) as {
    balance: object;
    holds: object[];
  };
  return { balance, holds };
}

beforeEach(() => misbehave());
afterEach(() => done(asOperator("/routes/builtin", { drained: false, price: null }, "PATCH")));

describe("GET /v1/admin/routes", () => {
  it("tells who could serve, how good they are, and what became of their calls", async () => {
    const before = (await candidate()).counters;
    expect((await post(asked)).status).toBe(200);
    const after = await candidate();
    expect(after).toMatchObject({ provider: "builtin", why_not: null, why_not_now: null, drained: false });
    expect(after.counters!.answered - (before?.answered ?? 0)).toBe(8);
    const scores = Object.values(after.calls).map(({ score }) => score);
    expect(scores.length).toBeGreaterThanOrEqual(7);
    for (const score of scores) expect(score).toBeGreaterThan(0);
  });

  it("says why one is not asked, under the terms of a request", async () => {
    expect(await candidate("?region=eu")).toMatchObject({ why_not: "region" });
    expect(await candidate("?numerics=another")).toMatchObject({ why_not: "numerics" });
    expect(await refusal(asOperator("/routes?model=none"))).toEqual([404, "model_not_found", "model"]);
  });

  it("shows an endpoint that answers nonsense as out of use, and the picture that waited for it as whole", async () => {
    const spoilt = { kind: "say", status: 200, headers: {}, body: "nonsense" } as const;
    await misbehave({ suffix: "-2", times: 1, act: spoilt });
    const asking = post(asked);
    await expect
      .poll(async () => (await candidate()).breaker.phase, { timeout: 10_000, interval: 50 })
      .not.toBe("closed");
    const response = await asking;
    expect(response.status).toBe(200);
    const { steps } = (await record(response.headers.get("x-generation-id")!)) as unknown as {
      steps: { routes: { tried?: { endpoint: string; fault: string }[] }[] }[];
    };
    expect(steps[2]!.routes[0]!.tried).toMatchObject([{ endpoint: "builtin", fault: "corrupt" }]);
    await expect.poll(async () => (await candidate()).breaker.phase).toBe("closed");
  });
});

describe("PATCH /v1/admin/routes/{provider}", () => {
  it("drains and prices an endpoint, for every isolate and across the board's death", async () => {
    const price = { second: 300, gigabyte: 90_000 };
    await done(asOperator("/routes/builtin", { drained: true, price }, "PATCH"));
    await evictAllDurableObjects();
    const { state } = await env.BOARD.getByName("board").exchange({ endpoints: {}, providers: {} }, {});
    expect(state.providers.builtin).toMatchObject({ drain: { drained: true }, price: { price } });
    expect(await candidate()).toMatchObject({ drained: true, why_not_now: "drained", price });
  });

  it("still asks a drained endpoint where nobody else serves the model", async () => {
    await done(asOperator("/routes/builtin", { drained: true }, "PATCH"));
    expect((await post(asked)).status).toBe(200);
  });

  it("refuses what is none of the config's, and what is no price", async () => {
    expect(await refusal(asOperator("/routes/nobody", { drained: true }, "PATCH"))).toEqual([
      404,
      "not_found",
      "provider",
    ]);
    expect(await refusal(asOperator("/routes/builtin", {}, "PATCH"))).toEqual([
      400,
      "invalid_value",
      "drained",
    ]);
    const price = { second: -1, gigabyte: 0 };
    expect(await refusal(asOperator("/routes/builtin", { price }, "PATCH"))).toEqual([
      400,
      "invalid_value",
      "price.second",
    ]);
  });
});

describe("a request that nobody here serves", () => {
  const nowhere = { ...asked, region: "nowhere" };

  it("is refused before anything is held, also where its key says that it may have come before", async () => {
    expect(await refusal(post(nowhere))).toEqual([400, "unsupported_value", "region"]);
    const before = await balance();
    const headers = { "idempotency-key": "never-served" };
    expect(await refusal(post(nowhere, { headers }))).toEqual([400, "unsupported_value", "region"]);
    expect(await balance()).toEqual(before);
  });
});

it("lists a model's numerics classes and regions", async () => {
  const model = await (await keyed("/v1/models/var-sprites")).json();
  expect(model).toMatchObject({ regions: [], numerics: [{ exact: true }] });
});
