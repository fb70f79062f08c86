import { beforeEach, describe, expect, it } from "vitest";
import { call, events, misbehave, sse } from "./client.ts";
import { as, asOperator, done, newAccount, newKey, refusal } from "./operator.ts";

const asked = { model: "var-sprites", prompt: "boat", seed: 21, vpg: { scale: 1 } };

interface Page {
  readonly data: readonly { readonly id: string }[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

const post = (key: string, body: object) =>
  call("/v1/images/generations", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });

const list = (key: string, query = "") => done<Page>(as(key, `/generations${query}`));
const priceOf = async (key: string, body: object) => {
  const response = await call("/v1/images/generations?dry_run=true", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  return ((await response.json()) as { micro_credits: number }).micro_credits;
};

async function draw(key: string, n: number): Promise<string> {
  const { vpg } = await done<{ vpg: { generation_id: string } }>(post(key, { ...asked, n }));
  return vpg.generation_id;
}

beforeEach(() => misbehave());

describe("GET /v1/generations", () => {
  it("lists what ran and what runs, the newest first, with its pictures and what it cost", async () => {
    const account = await newAccount();
    const { id: apiKey, key } = await newKey(account);
    const price = await priceOf(key, { ...asked, n: 1 });
    const completed = await draw(key, 3);
    await misbehave({ suffix: "-1", times: 99, act: { kind: "refuse", status: 400 } });
    const failed = (await post(key, { ...asked, n: 2 })).headers.get("x-generation-id")!;
    await misbehave({ suffix: "-3", times: 1, act: { kind: "hold", ms: 5_000 } });
    const running = await post(key, { ...asked, n: 1, stream: true });
    const id = running.headers.get("x-generation-id")!;
    const reading = sse(running);
    for (let event = await reading.next(); event.value?.data.text !== "step 2"; event = await reading.next());
    const page = await list(key);
    const common = { object: "generation", model: "var-sprites", api_key: apiKey };
    expect(page).toEqual({
      object: "list",
      data: [
        {
          ...common,
          ...{ id, status: "running", n: 1, completed_at: null },
          micro_credits: { held: price, charged: 0, refunded: 0 },
          created_at: expect.any(Number),
          project: expect.stringMatching(/^proj_/),
        },
        expect.objectContaining({
          ...common,
          ...{ id: failed, status: "failed", n: 2, completed_at: expect.any(Number) },
          micro_credits: { held: 2 * price, charged: 0, refunded: 0 },
        }),
        expect.objectContaining({
          ...common,
          ...{ id: completed, status: "completed", n: 3, completed_at: expect.any(Number) },
          micro_credits: { held: 3 * price, charged: 3 * price, refunded: 0 },
        }),
      ],
      first_id: id,
      last_id: completed,
      has_more: false,
    });
    await done(as(key, `/generations/${id}/cancel`, {}));
    await done(
      asOperator(`/accounts/${account}/adjustments`, {
        generation: completed,
        micro_credits: price,
        key: "sorry",
        note: "one was flawed",
      }),
    );
    const after = (await list(key)).data;
    expect(after[0]).toMatchObject({ id, status: "cancelled" });
    expect(after[2]).toMatchObject({ micro_credits: { charged: 2 * price, refunded: price } });
  });

  it("gives every generation once, page after page", async () => {
    const { key } = await newKey(await newAccount());
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift(await draw(key, 1));
    for (const limit of [1, 2, 4, 5, 6]) {
      const seen: string[] = [];
      for (let page = await list(key, `?limit=${limit}`); ; ) {
        seen.push(...page.data.map(({ id }) => id));
        expect(page.first_id).toBe(page.data[0]!.id);
        expect(page.last_id).toBe(page.data.at(-1)!.id);
        expect(page.has_more).toBe(seen.length < ids.length);
        if (!page.has_more) break;
        page = await list(key, `?limit=${limit}&after=${page.last_id}`);
      }
      expect(seen).toEqual(ids);
    }
  });

  it("is the account's own, and empty at first", async () => {
    const [mine, other] = [await newKey(await newAccount()), await newKey(await newAccount())];
    const id = await draw(mine.key, 1);
    const empty = { object: "list", data: [], first_id: null, last_id: null, has_more: false };
    expect(await list(other.key)).toEqual(empty);
    expect(await list(other.key, `?after=${id}`)).toEqual(empty);
    expect((await list(mine.key)).data).toHaveLength(1);
  });

  it("lists a generation once however often it is joined or followed", async () => {
    const { key } = await newKey(await newAccount());
    const id = await draw(key, 1);
    const again = await call("/v1/images/generations", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${key}`,
        "x-stainless-retry-count": "1",
      },
      body: JSON.stringify({ ...asked, n: 1 }),
    });
    expect(again.headers.get("x-generation-id")).toBe(id);
    await events(await as(key, `/generations/${id}/events`));
    expect((await list(key)).data.map((one) => one.id)).toEqual([id]);
  });

  it.each([
    ["limit=0", "invalid_value", "limit"],
    ["limit=101", "invalid_value", "limit"],
    ["limit=x", "invalid_value", "limit"],
    ["after=gen_x", "invalid_value", "after"],
    ["before=gen_x", "unknown_parameter", "before"],
  ])("refuses %s by name", async (query, code, param) => {
    const { key } = await newKey(await newAccount());
    expect(await refusal(as(key, `/generations?${query}`))).toEqual([400, code, param]);
  });

  it("needs the scope `read`", async () => {
    const { key } = await newKey(await newAccount(), { scopes: ["generate"] });
    expect(await refusal(as(key, "/generations"))).toEqual([403, "scope_missing", "read"]);
  });
});
